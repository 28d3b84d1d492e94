-- Which tools ran, with what arguments, and what came of it?
CREATE TABLE IF NOT EXISTS tool_executions
(
    tenant LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    name LowCardinality(String),
    start_ns Int64 CODEC(Delta(8), ZSTD(1)),
    end_ns Int64 CODEC(Delta(8), ZSTD(1)),
    start_time DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(start_ns, 'UTC'),
    service_name LowCardinality(String),
    call_id String CODEC(ZSTD(1)),
    arguments String CODEC(ZSTD(3)),
    result Nullable(String) CODEC(ZSTD(3)),
    status LowCardinality(String),
    error_type LowCardinality(String),
    error_message String CODEC(ZSTD(1)),
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
