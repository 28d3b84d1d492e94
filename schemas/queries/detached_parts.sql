-- Which parts did the engine set aside when it opened, and why?
SELECT
    table,
    name,
    reason
FROM system.detached_parts
WHERE database = currentDatabase()
ORDER BY
    table,
    name
