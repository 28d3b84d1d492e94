-- What do findings lack from before a model could tell what was requested and what would have served?
ALTER TABLE finding_log
    ADD COLUMN IF NOT EXISTS requested_object String CODEC(ZSTD(1)) AFTER components,
    ADD COLUMN IF NOT EXISTS requested_operation String CODEC(ZSTD(1)) AFTER requested_object,
    ADD COLUMN IF NOT EXISTS demand_key String CODEC(ZSTD(1)) AFTER requested_operation,
    ADD COLUMN IF NOT EXISTS tool_would_serve Nullable(Bool) AFTER demand_key,
    ADD COLUMN IF NOT EXISTS data_would_serve Nullable(Bool) AFTER tool_would_serve,
    ADD COLUMN IF NOT EXISTS verdict LowCardinality(String) AFTER data_would_serve,
    ADD COLUMN IF NOT EXISTS tool_draft String CODEC(ZSTD(3)) AFTER verdict,
    ADD COLUMN IF NOT EXISTS prompt_hash LowCardinality(String) AFTER tool_draft
