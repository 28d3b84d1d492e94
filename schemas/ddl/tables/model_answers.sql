-- What did a model answer to each question about a conversation, and what did it cost? Good ones are never asked for again.
CREATE TABLE IF NOT EXISTS model_answers
(
    question_hash String CODEC(ZSTD(1)),
    tenant LowCardinality(String),
    conversation_id String CODEC(ZSTD(1)),
    model LowCardinality(String),
    form LowCardinality(String),
    status LowCardinality(String),
    problem String CODEC(ZSTD(1)),
    text String CODEC(ZSTD(3)),
    prompt_tokens Int64 CODEC(T64, ZSTD(1)),
    answer_tokens Int64 CODEC(T64, ZSTD(1)),
    spent_usd Float64 CODEC(ZSTD(1)),
    batch_key String CODEC(ZSTD(1)),
    run_id String CODEC(ZSTD(1)),
    answered_ns Int64 CODEC(Delta(8), ZSTD(1)),
    INDEX idx_answered_ns answered_ns TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
ORDER BY (question_hash, answered_ns)
SETTINGS non_replicated_deduplication_window = 10000
