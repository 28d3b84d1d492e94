-- Which conversations failed, in which family, and with what words?
CREATE OR REPLACE VIEW failures AS
SELECT
    tenant,
    conversation_id,
    family,
    argMin(code, (NOT is_root, turn, finding_id)) AS first_code,
    argMin(statement, (NOT is_root, turn, finding_id)) AS first_statement,
    argMin(quote, (NOT is_root, turn, finding_id)) AS first_quote,
    argMin(trace_id, (NOT is_root, turn, finding_id)) AS first_trace_id,
    argMin(issue_id, (NOT is_root, turn, finding_id)) AS first_issue_id,
    min(is_recovered) AS is_recovered,
    countIf(is_root) AS finding_count,
    min(seen_at) AS first_seen_at
FROM findings
WHERE family != 'user_or_policy'
GROUP BY
    tenant,
    conversation_id,
    family
