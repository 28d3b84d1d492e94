-- What should be fixed first? An empty family or service and a NULL tenant are every one; what is resolved, ignored or rightly refused only where all are asked for.
SELECT *
FROM issues
WHERE ({family:String} = '' OR family = {family:String})
    AND ({service:String} = '' OR service_name = {service:String})
    AND ({tenant:Nullable(String)} IS NULL OR tenant = {tenant:Nullable(String)})
    AND ({all:Bool} OR (rank > 0 AND status NOT IN ('resolved', 'ignored')))
ORDER BY
    rank = 0,
    rank,
    conversation_count DESC,
    issue_id
LIMIT {limit:UInt64}
