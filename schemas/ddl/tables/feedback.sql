-- What did users and evaluators say about conversations and spans?
CREATE TABLE IF NOT EXISTS feedback
(
    tenant LowCardinality(String),
    time_ns Int64 CODEC(Delta(8), ZSTD(1)),
    time DateTime64(9, 'UTC') ALIAS fromUnixTimestamp64Nano(time_ns, 'UTC'),
    name LowCardinality(String),
    service_name LowCardinality(String),
    conversation_id String CODEC(ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    response_id String CODEC(ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    score Nullable(Float64) CODEC(ZSTD(1)),
    label LowCardinality(String),
    comment String CODEC(ZSTD(3)),
    segment String CODEC(ZSTD(1)),
    received_ns Int64 CODEC(Delta(8), ZSTD(1)),
    written_ns Int64 DEFAULT toUnixTimestamp64Nano(now64(9)) CODEC(Delta(8), ZSTD(1)),
    INDEX idx_trace_id trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_segment segment TYPE minmax GRANULARITY 1,
    INDEX idx_written_ns written_ns TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(fromUnixTimestamp64Nano(time_ns, 'UTC'))
ORDER BY (tenant, conversation_id, trace_id, time_ns)
SETTINGS
    ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 10000
