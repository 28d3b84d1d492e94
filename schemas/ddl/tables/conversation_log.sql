-- What was each conversation about and how did it end, in every version that was analysed?
CREATE TABLE IF NOT EXISTS conversation_log
(
    tenant LowCardinality(String),
    conversation_id String CODEC(ZSTD(1)),
    service_name LowCardinality(String),
    service_version LowCardinality(String),
    user_id String CODEC(ZSTD(1)),
    request String CODEC(ZSTD(3)),
    summary String CODEC(ZSTD(3)),
    summary_by LowCardinality(String),
    summary_note String CODEC(ZSTD(1)),
    outcome LowCardinality(String),
    language LowCardinality(String),
    start_ns Int64 CODEC(Delta(8), ZSTD(1)),
    end_ns Int64 CODEC(Delta(8), ZSTD(1)),
    turn_count Int64 CODEC(T64, ZSTD(1)),
    message_count Int64 CODEC(T64, ZSTD(1)),
    tool_call_count Int64 CODEC(T64, ZSTD(1)),
    llm_call_count Int64 CODEC(T64, ZSTD(1)),
    input_tokens Int64 CODEC(T64, ZSTD(1)),
    output_tokens Int64 CODEC(T64, ZSTD(1)),
    cost_usd Float64 CODEC(ZSTD(1)),
    feedback_score Nullable(Float64),
    dialects Array(LowCardinality(String)),
    agent_names Array(LowCardinality(String)),
    models Array(LowCardinality(String)),
    trace_ids Array(String) CODEC(ZSTD(1)),
    is_id_assigned Bool,
    is_content_missing Bool,
    is_truncated Bool,
    dropped_attributes_count Int64 CODEC(T64, ZSTD(1)),
    transcript_hash String CODEC(ZSTD(1)),
    method LowCardinality(String),
    model LowCardinality(String),
    prompt_hash String CODEC(ZSTD(1)),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8,
    INDEX idx_trace_ids trace_ids TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant, conversation_id)
SETTINGS non_replicated_deduplication_window = 10000
