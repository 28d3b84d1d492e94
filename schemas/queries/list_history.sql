-- What became of the groups lately, and what did people decide of them, latest first? An empty cluster is every one.
SELECT *
FROM (
    SELECT
        tenant,
        service_name,
        kind,
        seen_at,
        event,
        cluster_id,
        name,
        name_before,
        related_ids,
        size_before,
        size_after,
        run_id,
        '' AS decided_by,
        '' AS note
    FROM cluster_history
    UNION ALL
    SELECT
        tenant,
        service_name,
        'findings' AS kind,
        decided_at AS seen_at,
        decision AS event,
        issue_id AS cluster_id,
        if(name = '', title, name) AS name,
        '' AS name_before,
        if(target_id = '', [], [target_id]) AS related_ids,
        0 AS size_before,
        0 AS size_after,
        '' AS run_id,
        decided_by,
        note
    FROM decisions
)
WHERE ({cluster:String} = '' OR cluster_id = {cluster:String} OR has(related_ids, {cluster:String}))
    AND ({tenant:Nullable(String)} IS NULL OR tenant = {tenant:Nullable(String)})
ORDER BY
    seen_at DESC,
    cluster_id,
    event
LIMIT {limit:UInt64}
