-- Which columns do the tables have that hold rows of their own, views left out?
SELECT
    c.table AS table,
    groupArray(c.name) AS columns
FROM system.columns AS c
INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
WHERE c.database = currentDatabase()
    AND t.engine LIKE '%MergeTree'
GROUP BY c.table
ORDER BY c.table
