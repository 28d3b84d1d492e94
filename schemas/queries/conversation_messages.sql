-- What was said in this conversation?
SELECT *
FROM messages
WHERE tenant = {tenant:String}
    AND conversation_id = {conversation_id:String}
ORDER BY message_index
