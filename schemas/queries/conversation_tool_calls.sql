-- What did the agent ask of its tools in this conversation, and what came of it?
SELECT *
FROM tool_calls
WHERE tenant = {tenant:String}
    AND conversation_id = {conversation_id:String}
ORDER BY position
