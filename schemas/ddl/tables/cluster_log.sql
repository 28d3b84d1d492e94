-- Which groups of like findings and of like intents did the last run see, how sure are they, and what are they called?
CREATE TABLE IF NOT EXISTS cluster_log
(
    tenant LowCardinality(String),
    cluster_id String CODEC(ZSTD(1)),
    kind LowCardinality(String),
    service_name LowCardinality(String),
    family LowCardinality(String),
    title String CODEC(ZSTD(1)),
    terms Array(String) CODEC(ZSTD(1)),
    issue_id String CODEC(ZSTD(1)),
    finding_count Int64 CODEC(T64, ZSTD(1)),
    conversation_count Int64 CODEC(T64, ZSTD(1)),
    embedder LowCardinality(String),
    run_id String CODEC(ZSTD(1)),
    version UInt64,
    is_deleted UInt8,
    level UInt8 DEFAULT 0,
    parent_id String DEFAULT '' CODEC(ZSTD(1)),
    name_by LowCardinality(String) DEFAULT 'terms',
    user_count Int64 DEFAULT 0 CODEC(T64, ZSTD(1)),
    badge LowCardinality(String) DEFAULT 'tentative',
    stability Float64 DEFAULT 0 CODEC(ZSTD(1)),
    stability_low Float64 DEFAULT 0 CODEC(ZSTD(1)),
    stability_high Float64 DEFAULT 0 CODEC(ZSTD(1)),
    is_held_back Bool DEFAULT false,
    x Float64 DEFAULT 0 CODEC(ZSTD(1)),
    y Float64 DEFAULT 0 CODEC(ZSTD(1)),
    cluster_method LowCardinality(String) DEFAULT 'neighbours'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant, cluster_id)
SETTINGS non_replicated_deduplication_window = 10000
