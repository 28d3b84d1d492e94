-- Which spans failed in a machine-readable way, and how?
CREATE TABLE IF NOT EXISTS exceptions
(
    tenant LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    time_ns Int64 CODEC(Delta(8), ZSTD(1)),
    time DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(time_ns, 'UTC'),
    type LowCardinality(String),
    message String CODEC(ZSTD(3)),
    stacktrace String CODEC(ZSTD(3)),
    source LowCardinality(String),
    operation LowCardinality(String),
    service_name LowCardinality(String),
    service_version LowCardinality(String),
    http_status Int64 CODEC(T64, ZSTD(1)),
    segment String CODEC(ZSTD(1)),
    received_ns Int64 CODEC(Delta(8), ZSTD(1)),
    written_ns Int64 DEFAULT toUnixTimestamp64Nano(now64(9)) CODEC(Delta(8), ZSTD(1)),
    INDEX idx_trace_id trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_segment segment TYPE minmax GRANULARITY 1,
    INDEX idx_written_ns written_ns TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(fromUnixTimestamp64Nano(time_ns, 'UTC'))
ORDER BY (tenant, trace_id, span_id, time_ns)
SETTINGS
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000
