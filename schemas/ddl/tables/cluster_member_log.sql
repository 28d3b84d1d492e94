-- To which cluster does each finding or conversation belong, how surely, and where does it stand on the map?
CREATE TABLE IF NOT EXISTS cluster_member_log
(
    tenant LowCardinality(String),
    kind LowCardinality(String),
    item_id String CODEC(ZSTD(1)),
    service_name LowCardinality(String),
    conversation_id String CODEC(ZSTD(1)),
    cluster_id String CODEC(ZSTD(1)),
    is_assigned Bool,
    membership Float64 CODEC(ZSTD(1)),
    outlier_score Float64 CODEC(ZSTD(1)),
    x Float64 CODEC(ZSTD(1)),
    y Float64 CODEC(ZSTD(1)),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8,
    INDEX idx_cluster_id cluster_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant, kind, item_id)
SETTINGS non_replicated_deduplication_window = 10000
