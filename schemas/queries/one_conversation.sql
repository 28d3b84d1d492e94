-- What is known of this conversation?
SELECT *
FROM conversations
WHERE tenant = {tenant:String}
    AND conversation_id = {conversation_id:String}
