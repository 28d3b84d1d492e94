-- How many quotes did these runs see, and how many were not where they said?
SELECT
    quotes_seen,
    quotes_rejected
FROM runs
WHERE run_id IN {run_ids:Array(String)}
