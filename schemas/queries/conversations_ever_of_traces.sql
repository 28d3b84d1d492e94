-- Which conversations hold these traces, or ever held them in a former version, and which other traces do they hold?
SELECT
    conversation_id,
    groupUniqArrayArray(trace_ids) AS all_trace_ids
FROM conversation_log
WHERE tenant = {tenant:String}
    AND hasAny(trace_ids, {trace_ids:Array(String)})
GROUP BY conversation_id
ORDER BY conversation_id
