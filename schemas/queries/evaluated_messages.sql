-- What did people and agents say in these conversations?
SELECT
    conversation_id,
    role,
    content
FROM messages
WHERE conversation_id IN {conversation_ids:Array(String)}
    AND ({is_any_tenant:Bool} OR tenant = {tenant:String})
    AND role IN ('user', 'assistant')
    AND content != ''
ORDER BY
    conversation_id,
    message_index
