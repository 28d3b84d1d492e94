-- Which conversations has a model not read yet, or not as the prompts are now? Newest first, one page after a place.
SELECT
    tenant,
    conversation_id,
    end_ns,
    attempt_count,
    state = 'analysed' AND reading_hash != '' AS is_read,
    trace_ids
FROM conversation_log FINAL
WHERE (reading_hash = '' OR ({is_full:Bool} AND (reading_hash != {reading_hash:String} OR startsWith(state, 'failed'))))
    AND NOT (run_id = {run_id:String} AND startsWith(state, 'failed'))
    AND (end_ns, tenant, conversation_id) < ({end_ns:Int64}, {tenant:String}, {conversation_id:String})
ORDER BY
    end_ns DESC,
    tenant DESC,
    conversation_id DESC
LIMIT {limit:UInt64}
