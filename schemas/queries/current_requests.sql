-- What did each conversation ask for, and who asked?
SELECT
    tenant,
    service_name,
    conversation_id,
    user_id,
    request
FROM conversation_log FINAL
WHERE request != ''
ORDER BY
    tenant,
    service_name,
    conversation_id
