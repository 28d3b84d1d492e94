-- Which groups of like findings did the last run see, issues or not yet?
CREATE TABLE IF NOT EXISTS cluster_log
(
    tenant LowCardinality(String),
    cluster_id String CODEC(ZSTD(1)),
    kind LowCardinality(String),
    service_name LowCardinality(String),
    family LowCardinality(String),
    title String CODEC(ZSTD(1)),
    terms Array(String) CODEC(ZSTD(1)),
    issue_id String CODEC(ZSTD(1)),
    finding_count Int64 CODEC(T64, ZSTD(1)),
    conversation_count Int64 CODEC(T64, ZSTD(1)),
    embedder LowCardinality(String),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant, cluster_id)
SETTINGS non_replicated_deduplication_window = 10000
