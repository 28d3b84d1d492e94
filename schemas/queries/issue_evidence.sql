-- Which quotes prove this issue, the first of each conversation, the surest and latest first?
SELECT *
FROM issue_traces
WHERE issue_id = {issue_id:String}
ORDER BY
    is_root DESC,
    indexOf(['high', 'medium', 'low'], confidence),
    seen_at DESC
LIMIT 1 BY conversation_id
LIMIT {limit:UInt64}
