-- What does cluster_log lack where there was one way to make clusters?
ALTER TABLE cluster_log
    ADD COLUMN IF NOT EXISTS cluster_method LowCardinality(String) DEFAULT 'neighbours'
