-- What does each conversation answer to each facet, as of its last analysis? Three NULLs: it does not tell.
CREATE OR REPLACE VIEW facets AS
SELECT
    f.tenant AS tenant,
    f.conversation_id AS conversation_id,
    f.name AS name,
    f.type AS type,
    f.bool_value AS bool_value,
    f.number_value AS number_value,
    f.text_value AS text_value,
    f.answered_by AS answered_by,
    c.service_name AS service_name,
    c.service_version AS service_version,
    c.user_id AS user_id,
    c.outcome AS outcome,
    fromUnixTimestamp64Nano(f.time_ns, 'UTC') AS started_at
FROM facet_log AS f FINAL
INNER JOIN (
    SELECT
        tenant,
        conversation_id,
        service_name,
        service_version,
        user_id,
        outcome,
        version
    FROM conversation_log FINAL
) AS c ON c.tenant = f.tenant AND c.conversation_id = f.conversation_id
WHERE f.version >= c.version
