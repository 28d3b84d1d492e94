-- Which quotes prove this issue, and what had the user asked? The first of each conversation, the surest and latest first.
SELECT
    evidence.*,
    conversation_log.request AS request,
    conversation_log.user_id AS user_id
FROM issue_traces AS evidence
INNER JOIN conversation_log FINAL
    ON conversation_log.tenant = evidence.tenant
    AND conversation_log.conversation_id = evidence.conversation_id
WHERE evidence.tenant = {tenant:String}
    AND evidence.issue_id = {issue_id:String}
ORDER BY
    evidence.is_root DESC,
    indexOf(['high', 'medium', 'low'], evidence.confidence),
    evidence.seen_at DESC
LIMIT 1 BY evidence.conversation_id
LIMIT {limit:UInt64}
