-- What is known of this conversation?
SELECT *
FROM conversations
WHERE conversation_id = {conversation_id:String}
