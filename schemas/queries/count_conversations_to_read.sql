-- How many conversations has a model not read as they and the prompts are now?
SELECT count() AS conversation_count
FROM conversation_log FINAL
WHERE reading_hash != {reading_hash:String}
    AND version > {after_version:UInt64}
