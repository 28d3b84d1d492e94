-- How many findings did a run leave?
SELECT count() AS finding_count
FROM finding_log AS f FINAL
INNER JOIN (
    SELECT
        tenant,
        conversation_id,
        version
    FROM conversation_log FINAL
    WHERE run_id = {run_id:String}
) AS c ON c.tenant = f.tenant AND c.conversation_id = f.conversation_id
WHERE f.run_id = {run_id:String} AND f.version >= c.version
