-- What should be fixed first? Issues by rank; user_or_policy is counted and has no rank.
CREATE OR REPLACE VIEW issues AS
SELECT
    tenant,
    service_name,
    rank,
    issue_id,
    title,
    family,
    code,
    status,
    score,
    share_low,
    severity,
    certainty,
    share,
    share_high,
    share_of,
    affected_count,
    eligible_count,
    conversation_count,
    user_count,
    turn_count,
    finding_count,
    recovered_count,
    fromUnixTimestamp64Nano(first_seen_ns, 'UTC') AS first_seen_at,
    fromUnixTimestamp64Nano(last_seen_ns, 'UTC') AS last_seen_at,
    group_key,
    components,
    terms,
    method,
    model
FROM issue_log FINAL
ORDER BY
    rank = 0,
    rank,
    conversation_count DESC,
    issue_id
