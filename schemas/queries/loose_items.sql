-- Which findings and conversations did the last run see that belong to no cluster?
SELECT
    tenant,
    service_name,
    kind,
    item_id
FROM cluster_member_log FINAL
WHERE cluster_id = ''
ORDER BY
    tenant,
    service_name,
    kind,
    item_id
