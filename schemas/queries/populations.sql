-- How many conversations and known users does each service have: whom an issue could have hurt?
SELECT
    tenant,
    service_name,
    count() AS conversation_count,
    uniqExactIf(user_id, user_id != '') AS user_count
FROM conversation_log FINAL
GROUP BY
    tenant,
    service_name
ORDER BY
    tenant,
    service_name
