-- What was said in each conversation, in order? Rows older than their conversation are of a former version.
CREATE TABLE IF NOT EXISTS message_log
(
    tenant LowCardinality(String),
    conversation_id String CODEC(ZSTD(1)),
    message_index Int64 CODEC(T64, ZSTD(1)),
    turn Int64 CODEC(T64, ZSTD(1)),
    role LowCardinality(String),
    content String CODEC(ZSTD(3)),
    tool_calls String CODEC(ZSTD(3)),
    tool_call_id String CODEC(ZSTD(1)),
    name LowCardinality(String),
    agent_name LowCardinality(String),
    is_delegation Bool,
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    time_ns Int64 CODEC(Delta(8), ZSTD(1)),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(fromUnixTimestamp64Nano(time_ns, 'UTC'))
ORDER BY (tenant, conversation_id, message_index)
SETTINGS non_replicated_deduplication_window = 10000
