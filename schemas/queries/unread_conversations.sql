-- How many conversations has no model read, and why? Those that wait are read by a next run, the others were given up.
SELECT
    state,
    reading_hash = '' AS is_waiting,
    count() AS conversation_count
FROM conversation_log FINAL
WHERE reading_hash = '' OR startsWith(state, 'failed')
GROUP BY
    state,
    is_waiting
ORDER BY
    is_waiting DESC,
    conversation_count DESC,
    state
