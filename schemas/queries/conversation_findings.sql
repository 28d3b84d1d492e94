-- What went wrong in this conversation?
SELECT *
FROM findings
WHERE conversation_id = {conversation_id:String}
ORDER BY
    turn,
    message_index,
    is_root DESC
