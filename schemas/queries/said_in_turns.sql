-- What did the user say at the beginning of each turn of these conversations?
SELECT
    conversation_id,
    turn,
    argMin(content, message_index) AS said
FROM messages
WHERE tenant = {tenant:String}
    AND conversation_id IN {conversation_ids:Array(String)}
    AND role = 'user'
    AND NOT is_delegation
GROUP BY
    conversation_id,
    turn
