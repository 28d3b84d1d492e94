-- What did people merge, split, rename and pin, oldest first?
SELECT
    tenant,
    edit_id,
    action,
    issue_id,
    target_id,
    name,
    finding_ids,
    decided_ns,
    decided_by
FROM issue_edit_log FINAL
ORDER BY
    tenant,
    decided_ns,
    edit_id
