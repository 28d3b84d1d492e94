-- Which tools were called with what in each turn of these conversations, how often, and where in it?
SELECT
    conversation_id,
    turn,
    name,
    arguments,
    count() AS call_count,
    arrayConcat(groupArray(message_index), groupArray(result_index)) AS message_indexes,
    groupArray(span_id) AS span_ids
FROM tool_calls
WHERE tenant = {tenant:String}
    AND conversation_id IN {conversation_ids:Array(String)}
GROUP BY
    conversation_id,
    turn,
    name,
    arguments
ORDER BY
    conversation_id,
    turn,
    min(position)
