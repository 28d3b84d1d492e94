-- Which tables and views does the database have?
SELECT name
FROM system.tables
WHERE database = currentDatabase()
ORDER BY name
