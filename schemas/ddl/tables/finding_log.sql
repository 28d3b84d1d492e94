-- Which failure was seen where in each conversation? Rows older than their conversation are of a former version.
CREATE TABLE IF NOT EXISTS finding_log
(
    tenant LowCardinality(String),
    conversation_id String CODEC(ZSTD(1)),
    finding_id String CODEC(ZSTD(1)),
    family LowCardinality(String),
    code LowCardinality(String),
    statement String CODEC(ZSTD(1)),
    quote String CODEC(ZSTD(3)),
    quote_source LowCardinality(String),
    quote_start Int64 CODEC(T64, ZSTD(1)),
    quote_end Int64 CODEC(T64, ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    message_index Int64 CODEC(T64, ZSTD(1)),
    turn Int64 CODEC(T64, ZSTD(1)),
    confidence LowCardinality(String),
    detector LowCardinality(String),
    is_root Bool,
    is_recovered Bool,
    is_boundary Bool,
    subject String CODEC(ZSTD(1)),
    operation LowCardinality(String),
    title String CODEC(ZSTD(1)),
    group_key String CODEC(ZSTD(1)),
    components Array(String) CODEC(ZSTD(1)),
    time_ns Int64 CODEC(Delta(8), ZSTD(1)),
    method LowCardinality(String),
    model LowCardinality(String),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant, conversation_id, finding_id)
SETTINGS non_replicated_deduplication_window = 10000
