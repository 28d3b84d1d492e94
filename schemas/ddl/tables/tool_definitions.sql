-- Which tools was a model offered? Each list once; span_facts names it by its hash.
CREATE TABLE IF NOT EXISTS tool_definitions
(
    tenant LowCardinality(String),
    hash UInt64,
    position UInt32,
    name LowCardinality(String),
    description String CODEC(ZSTD(3)),
    parameters String CODEC(ZSTD(3)),
    received_ns Int64 CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, hash, position)
SETTINGS non_replicated_deduplication_window = 10000
