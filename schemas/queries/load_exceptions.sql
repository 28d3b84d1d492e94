-- What failed in these traces?
SELECT
    tenant,
    trace_id,
    span_id,
    parent_span_id,
    time_ns,
    type,
    message,
    stacktrace,
    source,
    operation,
    service_name,
    service_version,
    http_status,
    received_ns
FROM exceptions
WHERE trace_id IN {trace_ids:Array(String)}
ORDER BY
    tenant,
    time_ns,
    trace_id,
    span_id
