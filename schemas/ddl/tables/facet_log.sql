-- What does each conversation answer to each facet? One of the three values is set, none where it does not tell.
CREATE TABLE IF NOT EXISTS facet_log
(
    tenant LowCardinality(String),
    conversation_id String CODEC(ZSTD(1)),
    name LowCardinality(String),
    type LowCardinality(String),
    bool_value Nullable(Bool),
    number_value Nullable(Float64) CODEC(ZSTD(1)),
    text_value Nullable(String) CODEC(ZSTD(1)),
    answered_by LowCardinality(String),
    time_ns Int64 CODEC(Delta(8), ZSTD(1)),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant, name, conversation_id)
SETTINGS non_replicated_deduplication_window = 10000
