-- Which tools were called, with what result?
CREATE OR REPLACE VIEW tool_calls AS
SELECT
    k.tenant AS tenant,
    k.conversation_id AS conversation_id,
    k.position AS position,
    k.turn AS turn,
    k.name AS name,
    k.call_id AS call_id,
    k.arguments AS arguments,
    k.result AS result,
    k.status AS status,
    k.error_type AS error_type,
    k.error_message AS error_message,
    k.duration_ns / 1e6 AS duration_ms,
    k.message_index AS message_index,
    k.result_index AS result_index,
    k.trace_id AS trace_id,
    k.span_id AS span_id,
    fromUnixTimestamp64Nano(k.time_ns, 'UTC') AS called_at
FROM tool_call_log AS k FINAL
INNER JOIN (
    SELECT
        tenant,
        conversation_id,
        version
    FROM conversation_log FINAL
) AS c ON c.tenant = k.tenant AND c.conversation_id = k.conversation_id
WHERE k.version >= c.version
