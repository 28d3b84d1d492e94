-- What did the analyzer do, latest first?
CREATE OR REPLACE VIEW runs AS
SELECT
    run_id,
    fromUnixTimestamp64Nano(started_ns, 'UTC') AS started_at,
    fromUnixTimestamp64Nano(finished_ns, 'UTC') AS finished_at,
    (finished_ns - started_ns) / 1e9 AS duration_s,
    method,
    model,
    embedder,
    trace_count,
    waiting_count,
    conversation_count,
    analysed_count,
    unchanged_count,
    deleted_count,
    finding_count,
    issue_count,
    unpatterned_count,
    quotes_seen,
    quotes_rejected,
    model_failures,
    note
FROM run_log FINAL
ORDER BY started_ns DESC
