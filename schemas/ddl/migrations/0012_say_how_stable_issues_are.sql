-- What does issue_log lack where nothing told whether an issue would be found again?
ALTER TABLE issue_log
    ADD COLUMN IF NOT EXISTS badge LowCardinality(String) DEFAULT '',
    ADD COLUMN IF NOT EXISTS stability Float64 DEFAULT 0 CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS stability_low Float64 DEFAULT 0 CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS stability_high Float64 DEFAULT 0 CODEC(ZSTD(1))
