-- What did users and evaluators say about this conversation?
WITH traces AS (
    SELECT arrayJoin(trace_ids) AS trace_id
    FROM conversation_log FINAL
    WHERE tenant = {tenant:String}
        AND conversation_id = {conversation_id:String}
)
SELECT *
FROM feedback
WHERE tenant = {tenant:String}
    AND (
        conversation_id = {conversation_id:String}
        OR (trace_id != '' AND trace_id IN (SELECT trace_id FROM traces))
        OR (response_id != '' AND response_id IN (
            SELECT response_id
            FROM span_facts
            WHERE tenant = {tenant:String} AND trace_id IN (SELECT trace_id FROM traces)
        ))
    )
ORDER BY time_ns
