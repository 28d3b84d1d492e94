-- Which tools are in the lists that facts name by these hashes?
SELECT
    tenant,
    hash,
    position,
    name,
    description,
    parameters,
    received_ns
FROM tool_definitions
WHERE hash IN {hashes:Array(UInt64)}
ORDER BY
    tenant,
    hash,
    position
LIMIT 1 BY
    tenant,
    hash,
    position
