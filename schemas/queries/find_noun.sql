-- Which issue, conversation or trace does this name begin? An exact match comes first.
SELECT
    noun,
    id
FROM (
    SELECT
        'issue' AS noun,
        issue_id AS id
    FROM issue_log FINAL
    WHERE startsWith(issue_id, {name:String}) OR (rank > 0 AND toString(rank) = {name:String})
    UNION ALL
    SELECT
        'conversation' AS noun,
        conversation_id AS id
    FROM conversation_log FINAL
    WHERE startsWith(conversation_id, {name:String})
    UNION ALL
    SELECT
        'trace' AS noun,
        TraceId AS id
    FROM otel_traces
    WHERE startsWith(TraceId, lower({name:String}))
    GROUP BY TraceId
)
ORDER BY
    id != {name:String},
    indexOf(['issue', 'conversation', 'trace'], noun),
    length(id),
    id
LIMIT 12
