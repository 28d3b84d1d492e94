-- Into which cluster did the last run put each of these findings or conversations? An empty id: into none.
SELECT
    member.tenant AS tenant,
    member.kind AS kind,
    member.item_id AS item_id,
    member.cluster_id AS cluster_id,
    cluster.title AS title
FROM
(
    SELECT
        tenant,
        kind,
        item_id,
        cluster_id
    FROM cluster_member_log FINAL
    WHERE item_id IN {item_ids:Array(String)}
        AND ({is_any_tenant:Bool} OR tenant = {tenant:String})
) AS member
LEFT JOIN
(
    SELECT
        tenant,
        cluster_id,
        title
    FROM cluster_log FINAL
) AS cluster ON cluster.tenant = member.tenant AND cluster.cluster_id = member.cluster_id
ORDER BY
    kind,
    item_id,
    tenant
