-- Which failures keep happening, whom do they hurt, and how do they rank?
CREATE TABLE IF NOT EXISTS issue_log
(
    tenant LowCardinality(String),
    issue_id String CODEC(ZSTD(1)),
    service_name LowCardinality(String),
    rank Int64 CODEC(T64, ZSTD(1)),
    title String CODEC(ZSTD(1)),
    family LowCardinality(String),
    code LowCardinality(String),
    status LowCardinality(String),
    score Float64 CODEC(ZSTD(1)),
    share_low Float64 CODEC(ZSTD(1)),
    severity Float64 CODEC(ZSTD(1)),
    certainty Float64 CODEC(ZSTD(1)),
    share Float64 CODEC(ZSTD(1)),
    share_high Float64 CODEC(ZSTD(1)),
    share_of LowCardinality(String),
    affected_count Int64 CODEC(T64, ZSTD(1)),
    eligible_count Int64 CODEC(T64, ZSTD(1)),
    conversation_count Int64 CODEC(T64, ZSTD(1)),
    user_count Int64 CODEC(T64, ZSTD(1)),
    turn_count Int64 CODEC(T64, ZSTD(1)),
    finding_count Int64 CODEC(T64, ZSTD(1)),
    recovered_count Int64 CODEC(T64, ZSTD(1)),
    first_seen_ns Int64 CODEC(Delta(8), ZSTD(1)),
    last_seen_ns Int64 CODEC(Delta(8), ZSTD(1)),
    created_ns Int64 CODEC(Delta(8), ZSTD(1)),
    resolved_ns Int64 CODEC(Delta(8), ZSTD(1)),
    group_key String CODEC(ZSTD(1)),
    components Array(String) CODEC(ZSTD(1)),
    terms Array(String) CODEC(ZSTD(1)),
    grouped_by LowCardinality(String),
    embedder LowCardinality(String),
    method LowCardinality(String),
    model LowCardinality(String),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant, issue_id)
SETTINGS non_replicated_deduplication_window = 10000
