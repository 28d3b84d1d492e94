-- What was said about these conversations, traces and answers?
SELECT
    tenant,
    time_ns,
    name,
    service_name,
    conversation_id,
    trace_id,
    span_id,
    response_id,
    user_id,
    score,
    label,
    comment,
    received_ns
FROM feedback
WHERE (conversation_id != '' AND conversation_id IN {conversation_ids:Array(String)})
    OR (trace_id != '' AND trace_id IN {trace_ids:Array(String)})
    OR (response_id != '' AND response_id IN {response_ids:Array(String)})
ORDER BY
    tenant,
    time_ns,
    name
