-- What was searched for in these traces?
SELECT
    tenant,
    trace_id,
    span_id,
    parent_span_id,
    name,
    start_ns,
    service_name,
    query,
    `documents.id`,
    `documents.content`,
    `documents.score`,
    received_ns
FROM retrievals
WHERE trace_id IN {trace_ids:Array(String)}
ORDER BY
    tenant,
    start_ns,
    trace_id,
    span_id
