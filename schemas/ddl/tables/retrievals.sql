-- What was searched for, and which documents came back, best first?
CREATE TABLE IF NOT EXISTS retrievals
(
    tenant LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    name LowCardinality(String),
    start_ns Int64 CODEC(Delta(8), ZSTD(1)),
    start_time DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(start_ns, 'UTC'),
    service_name LowCardinality(String),
    query Nullable(String) CODEC(ZSTD(3)),
    documents Nested
    (
        id String,
        content String,
        score Nullable(Float64)
    ) CODEC(ZSTD(3)),
    segment String CODEC(ZSTD(1)),
    received_ns Int64 CODEC(Delta(8), ZSTD(1)),
    written_ns Int64 DEFAULT toUnixTimestamp64Nano(now64(9)) CODEC(Delta(8), ZSTD(1)),
    INDEX idx_trace_id trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_segment segment TYPE minmax GRANULARITY 1,
    INDEX idx_written_ns written_ns TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(fromUnixTimestamp64Nano(start_ns, 'UTC'))
ORDER BY (tenant, trace_id, span_id)
SETTINGS
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000
