-- How did the groups change, latest first?
CREATE OR REPLACE VIEW cluster_history AS
SELECT
    tenant,
    service_name,
    kind,
    fromUnixTimestamp64Nano(toInt64(version), 'UTC') AS seen_at,
    event,
    cluster_id,
    name,
    name_before,
    related_ids,
    size_before,
    size_after,
    run_id
FROM cluster_lineage_log FINAL
ORDER BY
    version DESC,
    cluster_id,
    event
