-- What did each run of the analyzer do, and up to when has everything received been looked at?
CREATE TABLE IF NOT EXISTS run_log
(
    run_id String CODEC(ZSTD(1)),
    started_ns Int64 CODEC(Delta(8), ZSTD(1)),
    finished_ns Int64 CODEC(Delta(8), ZSTD(1)),
    watermark_ns Int64 CODEC(Delta(8), ZSTD(1)),
    method LowCardinality(String),
    model LowCardinality(String),
    embedder LowCardinality(String),
    trace_count Int64 CODEC(T64, ZSTD(1)),
    waiting_count Int64 CODEC(T64, ZSTD(1)),
    conversation_count Int64 CODEC(T64, ZSTD(1)),
    analysed_count Int64 CODEC(T64, ZSTD(1)),
    unchanged_count Int64 CODEC(T64, ZSTD(1)),
    deleted_count Int64 CODEC(T64, ZSTD(1)),
    finding_count Int64 CODEC(T64, ZSTD(1)),
    issue_count Int64 CODEC(T64, ZSTD(1)),
    unpatterned_count Int64 CODEC(T64, ZSTD(1)),
    quotes_seen Int64 CODEC(T64, ZSTD(1)),
    quotes_rejected Int64 CODEC(T64, ZSTD(1)),
    model_failures Int64 CODEC(T64, ZSTD(1)),
    read_count Int64 CODEC(T64, ZSTD(1)),
    skipped_count Int64 CODEC(T64, ZSTD(1)),
    asked_count Int64 CODEC(T64, ZSTD(1)),
    cached_count Int64 CODEC(T64, ZSTD(1)),
    prompt_tokens Int64 CODEC(T64, ZSTD(1)),
    answer_tokens Int64 CODEC(T64, ZSTD(1)),
    spent_usd Float64 CODEC(ZSTD(1)),
    claims_seen Int64 CODEC(T64, ZSTD(1)),
    claims_unquoted Int64 CODEC(T64, ZSTD(1)),
    claims_contradicted Int64 CODEC(T64, ZSTD(1)),
    note String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (run_id)
SETTINGS non_replicated_deduplication_window = 10000
