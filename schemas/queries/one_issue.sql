-- What is known of this issue?
SELECT *
FROM issues
WHERE issue_id = {issue_id:String}
