-- What did the last finished run of the analyzer do?
SELECT *
FROM runs
LIMIT 1
