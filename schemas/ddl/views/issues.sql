-- What should be fixed first? Issues by rank, with what people decided since the last run; user_or_policy has no rank.
CREATE OR REPLACE VIEW issues AS
SELECT
    i.tenant AS tenant,
    i.service_name AS service_name,
    i.rank AS rank,
    i.issue_id AS issue_id,
    if(renamed.name = '', i.title, renamed.name) AS title,
    i.family AS family,
    i.code AS code,
    -- as the next run will have it; see `status` of analyzer.issues
    multiIf(
        decided.status = 'ignored', 'ignored',
        decided.status = 'resolved', if(i.last_seen_ns > decided.decided_ns, 'regressed', 'resolved'),
        decided.status = 'open', if(toInt64(i.version) - i.created_ns < 7 * 86400 * 1000000000, 'new', 'ongoing'),
        i.status
    ) AS status,
    i.score AS score,
    i.share_low AS share_low,
    i.severity AS severity,
    i.certainty AS certainty,
    i.share AS share,
    i.share_high AS share_high,
    i.share_of AS share_of,
    i.affected_count AS affected_count,
    i.eligible_count AS eligible_count,
    i.conversation_count AS conversation_count,
    i.user_count AS user_count,
    i.turn_count AS turn_count,
    i.finding_count AS finding_count,
    i.recovered_count AS recovered_count,
    fromUnixTimestamp64Nano(i.first_seen_ns, 'UTC') AS first_seen_at,
    fromUnixTimestamp64Nano(i.last_seen_ns, 'UTC') AS last_seen_at,
    i.group_key AS group_key,
    i.components AS components,
    i.terms AS terms,
    i.grouped_by AS grouped_by,
    i.badge AS badge,
    i.stability AS stability,
    i.stability_low AS stability_low,
    i.stability_high AS stability_high,
    i.embedder AS embedder,
    i.method AS method,
    i.model AS model
FROM issue_log AS i FINAL
LEFT JOIN (
    SELECT
        tenant,
        issue_id,
        status,
        decided_ns
    FROM issue_status_log FINAL
) AS decided ON decided.tenant = i.tenant AND decided.issue_id = i.issue_id
LEFT JOIN (
    SELECT
        tenant,
        issue_id,
        argMax(name, (decided_ns, edit_id)) AS name
    FROM issue_edit_log FINAL
    WHERE action = 'rename'
    GROUP BY
        tenant,
        issue_id
) AS renamed ON renamed.tenant = i.tenant AND renamed.issue_id = i.issue_id
ORDER BY
    rank = 0,
    rank,
    conversation_count DESC,
    issue_id
