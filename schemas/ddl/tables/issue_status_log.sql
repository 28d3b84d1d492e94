-- What did people decide about each issue, and when?
CREATE TABLE IF NOT EXISTS issue_status_log
(
    tenant LowCardinality(String),
    issue_id String CODEC(ZSTD(1)),
    status LowCardinality(String),
    decided_ns Int64 CODEC(Delta(8), ZSTD(1)),
    decided_by String CODEC(ZSTD(1)),
    note String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant, issue_id)
SETTINGS non_replicated_deduplication_window = 10000
