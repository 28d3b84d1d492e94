-- Which groups of findings did the last run store?
SELECT
    tenant,
    cluster_id
FROM cluster_log FINAL
ORDER BY
    tenant,
    cluster_id
