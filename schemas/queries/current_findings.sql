-- What is known today of every finding, with the conversation it hurt?
SELECT
    f.tenant AS tenant,
    c.service_name AS service_name,
    f.finding_id AS finding_id,
    f.conversation_id AS conversation_id,
    c.user_id AS user_id,
    c.outcome AS outcome,
    f.turn AS turn,
    f.time_ns AS time_ns,
    f.family AS family,
    f.code AS code,
    f.confidence AS confidence,
    f.is_root AS is_root,
    f.is_recovered AS is_recovered,
    if(f.method = 'model' AND f.detector = 'model', f.statement, '') AS told,
    f.subject AS subject,
    f.operation AS operation,
    f.title AS title,
    f.group_key AS group_key,
    f.components AS components,
    f.model AS model
FROM finding_log AS f FINAL
INNER JOIN (
    SELECT
        tenant,
        conversation_id,
        service_name,
        user_id,
        outcome,
        version
    FROM conversation_log FINAL
) AS c ON c.tenant = f.tenant AND c.conversation_id = f.conversation_id
WHERE f.version >= c.version
ORDER BY
    tenant,
    service_name,
    time_ns,
    finding_id
