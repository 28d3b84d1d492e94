-- Which tools were called in each conversation, with what result? Rows older than their conversation are stale.
CREATE TABLE IF NOT EXISTS tool_call_log
(
    tenant LowCardinality(String),
    conversation_id String CODEC(ZSTD(1)),
    position Int64 CODEC(T64, ZSTD(1)),
    turn Int64 CODEC(T64, ZSTD(1)),
    name LowCardinality(String),
    call_id String CODEC(ZSTD(1)),
    arguments String CODEC(ZSTD(3)),
    result Nullable(String) CODEC(ZSTD(3)),
    status LowCardinality(String),
    error_type LowCardinality(String),
    error_message String CODEC(ZSTD(1)),
    duration_ns Int64 CODEC(T64, ZSTD(1)),
    message_index Int64 CODEC(T64, ZSTD(1)),
    result_index Int64 CODEC(T64, ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    time_ns Int64 CODEC(Delta(8), ZSTD(1)),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(fromUnixTimestamp64Nano(time_ns, 'UTC'))
ORDER BY (tenant, conversation_id, position)
SETTINGS non_replicated_deduplication_window = 10000
