-- Which conversations, as they were last analysed, hold these traces?
SELECT
    tenant,
    conversation_id,
    transcript_hash,
    trace_ids
FROM conversation_log FINAL
WHERE hasAny(trace_ids, {trace_ids:Array(String)})
ORDER BY
    tenant,
    conversation_id
