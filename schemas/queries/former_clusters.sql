-- Which groups did the last run leave, and what are they called?
SELECT
    tenant,
    service_name,
    kind,
    cluster_id,
    level,
    parent_id,
    family,
    title AS name,
    name_by,
    terms,
    badge,
    stability,
    stability_low,
    stability_high,
    embedder,
    is_held_back,
    conversation_count,
    cluster_method
FROM cluster_log FINAL
ORDER BY
    tenant,
    service_name,
    kind,
    level,
    cluster_id
