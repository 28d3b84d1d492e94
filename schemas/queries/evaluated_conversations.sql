-- Which of these conversations were analysed, how, and by which run?
SELECT
    tenant,
    conversation_id,
    service_name,
    method,
    model,
    run_id
FROM conversations
WHERE conversation_id IN {conversation_ids:Array(String)}
    AND ({is_any_tenant:Bool} OR tenant = {tenant:String})
ORDER BY
    conversation_id,
    tenant
