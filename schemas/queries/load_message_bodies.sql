-- What was said? The bodies that facts of these scopes name by these hashes, each once.
SELECT
    tenant,
    scope,
    hash,
    role,
    content,
    tool_calls,
    tool_call_id,
    name,
    is_error,
    received_ns
FROM message_bodies
WHERE scope IN {scopes:Array(String)}
    AND hash IN {hashes:Array(UInt64)}
LIMIT 1 BY
    tenant,
    scope,
    hash
