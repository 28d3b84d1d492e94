-- Which database is this?
SELECT currentDatabase() AS name
