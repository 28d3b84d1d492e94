-- Which groups did the last run leave, what are they called, and who belongs to them?
SELECT
    c.tenant AS tenant,
    c.service_name AS service_name,
    c.kind AS kind,
    c.cluster_id AS cluster_id,
    c.level AS level,
    c.parent_id AS parent_id,
    c.family AS family,
    c.title AS name,
    c.name_by AS name_by,
    c.terms AS terms,
    c.badge AS badge,
    c.stability AS stability,
    c.stability_low AS stability_low,
    c.stability_high AS stability_high,
    c.embedder AS embedder,
    m.item_ids AS item_ids,
    m.core_ids AS core_ids
FROM cluster_log AS c FINAL
LEFT JOIN (
    SELECT
        tenant,
        kind,
        cluster_id,
        groupArray(item_id) AS item_ids,
        groupArrayIf(item_id, NOT is_assigned) AS core_ids
    FROM cluster_member_log FINAL
    WHERE cluster_id != ''
    GROUP BY
        tenant,
        kind,
        cluster_id
) AS m ON m.tenant = c.tenant AND m.kind = c.kind AND m.cluster_id = c.cluster_id
ORDER BY
    tenant,
    service_name,
    kind,
    level,
    cluster_id
