-- What was found in these conversations, how surely, and where does the quote stand?
SELECT
    conversation_id,
    family,
    code,
    confidence,
    message_index,
    quote,
    trace_id,
    span_id
FROM findings
WHERE conversation_id IN {conversation_ids:Array(String)}
    AND ({is_any_tenant:Bool} OR tenant = {tenant:String})
ORDER BY
    conversation_id,
    finding_id
