-- What is known of this issue?
SELECT *
FROM issues
WHERE tenant = {tenant:String}
    AND issue_id = {issue_id:String}
