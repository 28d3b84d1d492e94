-- Which batches of questions were handed to a model endpoint, and which of them still owe their answers?
CREATE TABLE IF NOT EXISTS model_batches
(
    batch_key String CODEC(ZSTD(1)),
    batch_id String CODEC(ZSTD(1)),
    model LowCardinality(String),
    status LowCardinality(String),
    question_count Int64 CODEC(T64, ZSTD(1)),
    covers_version UInt64,
    sent_ns Int64 CODEC(Delta(8), ZSTD(1)),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY batch_key
SETTINGS non_replicated_deduplication_window = 10000
