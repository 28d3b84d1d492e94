-- Which findings does this issue own, and in which conversations?
SELECT
    finding_id,
    conversation_id
FROM issue_finding_log FINAL
WHERE tenant = {tenant:String}
    AND issue_id = {issue_id:String}
ORDER BY
    conversation_id,
    finding_id
