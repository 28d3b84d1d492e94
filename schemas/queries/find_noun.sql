-- Which issue, conversation or trace does this name, or begin the id of? An issue's rank names it too; NULL is any tenant.
SELECT
    noun,
    tenant,
    id,
    is_exact
FROM (
    SELECT
        'issue' AS noun,
        tenant,
        issue_id AS id,
        issue_id = {name:String} OR (rank > 0 AND toString(rank) = {name:String}) AS is_exact
    FROM issue_log FINAL
    WHERE startsWith(issue_id, {name:String}) OR is_exact
    UNION ALL
    SELECT
        'conversation' AS noun,
        tenant,
        conversation_id AS id,
        conversation_id = {name:String} AS is_exact
    FROM conversation_log FINAL
    WHERE startsWith(conversation_id, {name:String})
    UNION ALL
    SELECT
        'trace' AS noun,
        Tenant AS tenant,
        TraceId AS id,
        TraceId = lower({name:String}) AS is_exact
    FROM otel_traces
    WHERE startsWith(TraceId, lower({name:String}))
    GROUP BY
        Tenant,
        TraceId
)
WHERE {tenant:Nullable(String)} IS NULL OR tenant = {tenant:Nullable(String)}
ORDER BY
    NOT is_exact,
    indexOf(['issue', 'conversation', 'trace'], noun),
    tenant,
    id
LIMIT 12
