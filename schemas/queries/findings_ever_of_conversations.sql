-- Which findings were ever made in these conversations?
SELECT DISTINCT finding_id
FROM finding_log
WHERE tenant = {tenant:String}
    AND conversation_id IN {conversation_ids:Array(String)}
ORDER BY finding_id
