-- What was asked of models in each run, what did it cost, and what became of their claims?
ALTER TABLE run_log
    ADD COLUMN IF NOT EXISTS read_count Int64 CODEC(T64, ZSTD(1)) AFTER model_failures,
    ADD COLUMN IF NOT EXISTS skipped_count Int64 CODEC(T64, ZSTD(1)) AFTER read_count,
    ADD COLUMN IF NOT EXISTS asked_count Int64 CODEC(T64, ZSTD(1)) AFTER skipped_count,
    ADD COLUMN IF NOT EXISTS cached_count Int64 CODEC(T64, ZSTD(1)) AFTER asked_count,
    ADD COLUMN IF NOT EXISTS prompt_tokens Int64 CODEC(T64, ZSTD(1)) AFTER cached_count,
    ADD COLUMN IF NOT EXISTS answer_tokens Int64 CODEC(T64, ZSTD(1)) AFTER prompt_tokens,
    ADD COLUMN IF NOT EXISTS spent_usd Float64 CODEC(ZSTD(1)) AFTER answer_tokens,
    ADD COLUMN IF NOT EXISTS claims_seen Int64 CODEC(T64, ZSTD(1)) AFTER spent_usd,
    ADD COLUMN IF NOT EXISTS claims_unquoted Int64 CODEC(T64, ZSTD(1)) AFTER claims_seen,
    ADD COLUMN IF NOT EXISTS claims_contradicted Int64 CODEC(T64, ZSTD(1)) AFTER claims_unquoted
