-- Which conversations did a model read, by which prompts, and how often did it fail on them?
ALTER TABLE conversation_log
    ADD COLUMN IF NOT EXISTS state String DEFAULT 'analysed' CODEC(ZSTD(1)) AFTER prompt_hash,
    ADD COLUMN IF NOT EXISTS reading_hash LowCardinality(String) AFTER state,
    ADD COLUMN IF NOT EXISTS attempt_count UInt8 AFTER reading_hash
