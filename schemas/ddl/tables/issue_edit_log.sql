-- What did people merge, split, rename and pin? Every run applies it anew; a deleted row was undone.
CREATE TABLE IF NOT EXISTS issue_edit_log
(
    tenant LowCardinality(String),
    edit_id String CODEC(ZSTD(1)),
    action LowCardinality(String),
    issue_id String CODEC(ZSTD(1)),
    target_id String CODEC(ZSTD(1)),
    name String CODEC(ZSTD(1)),
    finding_ids Array(String) CODEC(ZSTD(1)),
    decided_ns Int64 CODEC(Delta(8), ZSTD(1)),
    decided_by String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant, edit_id)
SETTINGS non_replicated_deduplication_window = 10000
