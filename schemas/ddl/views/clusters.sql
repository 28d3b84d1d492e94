-- Which groups of findings and intents are there, at each level, and would they appear again? Those held back are left out.
CREATE OR REPLACE VIEW clusters AS
SELECT
    tenant,
    service_name,
    kind,
    level,
    cluster_id,
    parent_id,
    title AS name,
    name_by,
    terms,
    family,
    issue_id,
    finding_count AS member_count,
    conversation_count,
    user_count,
    badge,
    stability,
    stability_low,
    stability_high,
    x,
    y,
    embedder
FROM cluster_log FINAL
WHERE NOT is_held_back
ORDER BY
    tenant,
    service_name,
    kind,
    level,
    conversation_count DESC,
    cluster_id
