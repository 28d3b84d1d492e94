-- In which hours does a table of spans or log records hold how many rows?
SELECT
    toStartOfHour(Timestamp, 'UTC') AS hour,
    count() AS row_count
FROM {of:Identifier}.{name:Identifier}
GROUP BY hour
ORDER BY hour
