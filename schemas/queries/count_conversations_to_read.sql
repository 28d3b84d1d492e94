-- How many conversations has a model not read yet, or not as the prompts are now?
SELECT count() AS waiting_count
FROM conversation_log FINAL
WHERE (reading_hash = '' OR ({is_full:Bool} AND (reading_hash != {reading_hash:String} OR startsWith(state, 'failed'))))
    AND NOT (run_id = {run_id:String} AND startsWith(state, 'failed'))
