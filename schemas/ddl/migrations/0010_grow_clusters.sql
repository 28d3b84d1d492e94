-- What does cluster_log lack where groups had neither levels nor stability?
ALTER TABLE cluster_log
    ADD COLUMN IF NOT EXISTS level UInt8 DEFAULT 0,
    ADD COLUMN IF NOT EXISTS parent_id String DEFAULT '' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS name_by LowCardinality(String) DEFAULT 'terms',
    ADD COLUMN IF NOT EXISTS user_count Int64 DEFAULT 0 CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS badge LowCardinality(String) DEFAULT 'tentative',
    ADD COLUMN IF NOT EXISTS stability Float64 DEFAULT 0 CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS stability_low Float64 DEFAULT 0 CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS stability_high Float64 DEFAULT 0 CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS is_held_back Bool DEFAULT false,
    ADD COLUMN IF NOT EXISTS x Float64 DEFAULT 0 CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS y Float64 DEFAULT 0 CODEC(ZSTD(1))
