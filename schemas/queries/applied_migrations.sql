-- Which migrations has this database seen?
SELECT DISTINCT name
FROM migrations
ORDER BY name
