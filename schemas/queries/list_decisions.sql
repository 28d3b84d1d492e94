-- Which decisions are in effect, latest first? A reopened issue is as if nothing had been decided.
SELECT *
FROM decisions
WHERE decision != 'reopen'
    AND ({tenant:Nullable(String)} IS NULL OR tenant = {tenant:Nullable(String)})
