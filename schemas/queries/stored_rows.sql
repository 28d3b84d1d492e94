-- How much is stored in each table?
SELECT
    name AS table,
    total_rows AS row_count,
    total_bytes AS size_bytes
FROM system.tables
WHERE database = currentDatabase() AND total_rows > 0
ORDER BY
    total_bytes DESC,
    name
