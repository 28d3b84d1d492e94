-- Which issues did the last run leave, which findings did they own, and what did people decide about them?
SELECT
    i.tenant AS tenant,
    i.service_name AS service_name,
    i.issue_id AS issue_id,
    i.title AS title,
    i.family AS family,
    i.created_ns AS created_ns,
    i.first_seen_ns AS first_seen_ns,
    o.finding_ids AS finding_ids,
    s.status AS decision,
    s.decided_ns AS decided_ns
FROM issue_log AS i FINAL
LEFT JOIN (
    SELECT
        tenant,
        issue_id,
        groupArray(finding_id) AS finding_ids
    FROM issue_finding_log FINAL
    GROUP BY
        tenant,
        issue_id
) AS o ON o.tenant = i.tenant AND o.issue_id = i.issue_id
LEFT JOIN (
    SELECT
        tenant,
        issue_id,
        status,
        decided_ns
    FROM issue_status_log FINAL
) AS s ON s.tenant = i.tenant AND s.issue_id = i.issue_id
ORDER BY
    tenant,
    issue_id
