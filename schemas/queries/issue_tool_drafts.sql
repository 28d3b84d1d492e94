-- Which tools were drafted for the findings of this issue, the latest first?
SELECT tool_draft
FROM findings
WHERE tenant = {tenant:String}
    AND issue_id = {issue_id:String}
    AND tool_draft != ''
ORDER BY
    seen_at DESC,
    finding_id
LIMIT 200
