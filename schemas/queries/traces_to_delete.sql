-- Which traces and conversations does a trace, conversation or user name? Of former versions of conversations, too.
SELECT DISTINCT
    tenant,
    trace_id,
    conversation_id
FROM (
    SELECT
        tenant,
        trace_id,
        conversation_id
    FROM span_facts
    WHERE ({trace_id:String} != '' AND trace_id = {trace_id:String})
        OR ({user_id:String} != '' AND user_id = {user_id:String})
        OR (conversation_id != '' AND conversation_id IN {conversation_ids:Array(String)})
    UNION ALL
    SELECT
        tenant,
        arrayJoin(emptyArrayToSingle(trace_ids)) AS trace_id,
        conversation_id
    FROM conversation_log
    WHERE ({user_id:String} != '' AND user_id = {user_id:String})
        OR conversation_id IN {conversation_ids:Array(String)}
    UNION ALL
    SELECT
        Tenant AS tenant,
        TraceId AS trace_id,
        '' AS conversation_id
    FROM otel_traces
    WHERE {trace_id:String} != ''
        AND TraceId = {trace_id:String}
    UNION ALL
    SELECT
        Tenant AS tenant,
        TraceId AS trace_id,
        '' AS conversation_id
    FROM otel_logs
    WHERE {trace_id:String} != ''
        AND TraceId = {trace_id:String}
    UNION ALL
    SELECT
        tenant,
        '' AS trace_id,
        conversation_id
    FROM feedback
    WHERE ({user_id:String} != '' AND user_id = {user_id:String})
        OR (conversation_id != '' AND conversation_id IN {conversation_ids:Array(String)})
)
ORDER BY
    tenant,
    trace_id,
    conversation_id
