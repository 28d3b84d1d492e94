-- Up to when has everything received been looked at, and when was that? No row before the first run.
SELECT
    watermark_ns,
    started_ns
FROM run_log FINAL
ORDER BY version DESC
LIMIT 1
