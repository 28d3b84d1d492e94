-- Which failures were seen, where, and to which issue do they belong? An empty issue_id is not yet a pattern.
CREATE OR REPLACE VIEW findings AS
SELECT
    f.tenant AS tenant,
    f.conversation_id AS conversation_id,
    f.finding_id AS finding_id,
    f.family AS family,
    f.code AS code,
    f.statement AS statement,
    f.quote AS quote,
    f.quote_source AS quote_source,
    f.quote_start AS quote_start,
    f.quote_end AS quote_end,
    f.trace_id AS trace_id,
    f.span_id AS span_id,
    f.message_index AS message_index,
    f.turn AS turn,
    f.confidence AS confidence,
    f.detector AS detector,
    f.is_root AS is_root,
    f.is_recovered AS is_recovered,
    f.is_boundary AS is_boundary,
    f.subject AS subject,
    f.operation AS operation,
    f.title AS title,
    f.group_key AS group_key,
    f.requested_object AS requested_object,
    f.requested_operation AS requested_operation,
    f.demand_key AS demand_key,
    f.tool_would_serve AS tool_would_serve,
    f.data_would_serve AS data_would_serve,
    f.verdict AS verdict,
    f.tool_draft AS tool_draft,
    f.prompt_hash AS prompt_hash,
    f.method AS method,
    f.model AS model,
    fromUnixTimestamp64Nano(f.time_ns, 'UTC') AS seen_at,
    i.issue_id AS issue_id
FROM finding_log AS f FINAL
INNER JOIN (
    SELECT
        tenant,
        conversation_id,
        version
    FROM conversation_log FINAL
) AS c ON c.tenant = f.tenant AND c.conversation_id = f.conversation_id
LEFT JOIN (
    SELECT
        tenant,
        finding_id,
        issue_id
    FROM issue_finding_log FINAL
) AS i ON i.tenant = f.tenant AND i.finding_id = f.finding_id
WHERE f.version >= c.version
