-- What went wrong in this conversation?
SELECT *
FROM findings
WHERE tenant = {tenant:String}
    AND conversation_id = {conversation_id:String}
ORDER BY
    turn,
    message_index,
    is_root DESC
