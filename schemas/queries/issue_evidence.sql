-- Which quotes prove this issue, by whom? The first of each conversation, the surest and latest first.
SELECT
    tenant,
    conversation_id,
    finding_id,
    trace_id,
    span_id,
    message_index,
    turn,
    quote,
    quote_source,
    statement,
    operation,
    confidence,
    is_root,
    is_recovered,
    method,
    model,
    seen_at
FROM findings
WHERE tenant = {tenant:String}
    AND issue_id = {issue_id:String}
ORDER BY
    is_root DESC,
    indexOf(['high', 'medium', 'low'], confidence),
    seen_at DESC,
    finding_id
LIMIT 1 BY conversation_id
LIMIT {limit:UInt64}
