-- What was said in a conversation, in order?
CREATE OR REPLACE VIEW messages AS
SELECT
    m.tenant AS tenant,
    m.conversation_id AS conversation_id,
    m.message_index AS message_index,
    m.turn AS turn,
    m.role AS role,
    m.content AS content,
    m.tool_calls AS tool_calls,
    m.tool_call_id AS tool_call_id,
    m.name AS name,
    m.agent_name AS agent_name,
    m.is_delegation AS is_delegation,
    m.trace_id AS trace_id,
    m.span_id AS span_id,
    fromUnixTimestamp64Nano(m.time_ns, 'UTC') AS said_at
FROM message_log AS m FINAL
INNER JOIN (
    SELECT
        tenant,
        conversation_id,
        version
    FROM conversation_log FINAL
) AS c ON c.tenant = m.tenant AND c.conversation_id = m.conversation_id
WHERE m.version >= c.version
