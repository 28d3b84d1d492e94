-- What became of each cluster from run to run: born, grew, shrank, split, merged, renamed, died?
CREATE TABLE IF NOT EXISTS cluster_lineage_log
(
    tenant LowCardinality(String),
    kind LowCardinality(String),
    service_name LowCardinality(String),
    cluster_id String CODEC(ZSTD(1)),
    event LowCardinality(String),
    name String CODEC(ZSTD(1)),
    name_before String CODEC(ZSTD(1)),
    related_ids Array(String) CODEC(ZSTD(1)),
    size_before Int64 CODEC(T64, ZSTD(1)),
    size_after Int64 CODEC(T64, ZSTD(1)),
    run_id String CODEC(ZSTD(1)),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, kind, cluster_id, version, event)
SETTINGS non_replicated_deduplication_window = 10000
