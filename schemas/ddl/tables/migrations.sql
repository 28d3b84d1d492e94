-- Which migrations has this database seen?
CREATE TABLE IF NOT EXISTS migrations
(
    name String,
    applied_at DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY name
