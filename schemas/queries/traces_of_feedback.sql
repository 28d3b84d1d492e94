-- Which traces does feedback speak of that names a conversation or an answer?
SELECT DISTINCT
    tenant,
    trace_id
FROM span_facts
WHERE (conversation_id != '' AND conversation_id IN {conversation_ids:Array(String)})
    OR (response_id != '' AND response_id IN {response_ids:Array(String)})
ORDER BY
    tenant,
    trace_id
