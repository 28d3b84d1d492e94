-- Which conversation does this trace belong to?
SELECT conversation_id
FROM conversations
WHERE has(trace_ids, {trace_id:String})
LIMIT 1
