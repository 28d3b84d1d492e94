-- Which vector did each embedding model give to each text? The text is known by its hash alone.
CREATE TABLE IF NOT EXISTS embeddings
(
    text_hash String CODEC(ZSTD(1)),
    model LowCardinality(String),
    vector Array(Float32) CODEC(ZSTD(1)),
    embedded_ns Int64 CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(embedded_ns)
ORDER BY (model, text_hash)
SETTINGS non_replicated_deduplication_window = 10000
