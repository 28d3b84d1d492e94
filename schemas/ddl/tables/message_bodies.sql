-- What was said? Each text once per scope, however often later calls repeat it; span_facts names it by its hash.
CREATE TABLE IF NOT EXISTS message_bodies
(
    tenant LowCardinality(String),
    scope String CODEC(ZSTD(1)),
    hash UInt64,
    role LowCardinality(String),
    content String CODEC(ZSTD(3)),
    tool_calls String CODEC(ZSTD(3)),
    tool_call_id String CODEC(ZSTD(1)),
    name LowCardinality(String),
    is_error Bool DEFAULT false,
    received_ns Int64 CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, scope, hash)
SETTINGS non_replicated_deduplication_window = 10000
