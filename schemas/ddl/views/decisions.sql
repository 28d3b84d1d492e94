-- What did people decide about issues and not take back, latest first?
CREATE OR REPLACE VIEW decisions AS
SELECT
    d.tenant AS tenant,
    i.service_name AS service_name,
    fromUnixTimestamp64Nano(d.decided_ns, 'UTC') AS decided_at,
    d.decision AS decision,
    d.issue_id AS issue_id,
    i.title AS title,
    d.target_id AS target_id,
    d.name AS name,
    d.note AS note,
    d.decided_by AS decided_by,
    d.edit_id AS edit_id
FROM (
    SELECT
        tenant,
        decided_ns,
        action AS decision,
        issue_id,
        target_id,
        name,
        '' AS note,
        decided_by,
        edit_id
    FROM issue_edit_log FINAL
    UNION ALL
    SELECT
        tenant,
        decided_ns,
        transform(status, ['resolved', 'ignored', 'open'], ['resolve', 'ignore', 'reopen'], status) AS decision,
        issue_id,
        '' AS target_id,
        '' AS name,
        note,
        decided_by,
        '' AS edit_id
    FROM issue_status_log FINAL
) AS d
LEFT JOIN (
    SELECT
        tenant,
        service_name,
        issue_id,
        title
    FROM issues
) AS i ON i.tenant = d.tenant AND i.issue_id = d.issue_id
ORDER BY
    decided_at DESC,
    issue_id,
    edit_id
