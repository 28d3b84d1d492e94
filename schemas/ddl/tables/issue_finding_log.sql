-- To which issue does each finding belong?
CREATE TABLE IF NOT EXISTS issue_finding_log
(
    tenant LowCardinality(String),
    finding_id String CODEC(ZSTD(1)),
    issue_id String CODEC(ZSTD(1)),
    conversation_id String CODEC(ZSTD(1)),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant, finding_id)
SETTINGS non_replicated_deduplication_window = 10000
