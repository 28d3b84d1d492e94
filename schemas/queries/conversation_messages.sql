-- What was said in this conversation?
SELECT *
FROM messages
WHERE conversation_id = {conversation_id:String}
ORDER BY message_index
