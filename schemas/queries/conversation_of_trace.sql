-- Which conversation does this trace belong to?
SELECT conversation_id
FROM conversations
WHERE tenant = {tenant:String}
    AND has(trace_ids, {trace_id:String})
LIMIT 1
