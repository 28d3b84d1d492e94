-- What did users and evaluators say about this conversation?
SELECT *
FROM feedback
WHERE tenant = {tenant:String}
    AND (
        conversation_id = {conversation_id:String}
        OR (trace_id != '' AND trace_id IN {trace_ids:Array(String)})
        OR (response_id != '' AND response_id IN (
            SELECT response_id
            FROM span_facts
            WHERE tenant = {tenant:String} AND trace_id IN {trace_ids:Array(String)}
        ))
    )
ORDER BY time_ns
