-- Which tools ran in these traces?
SELECT
    tenant,
    trace_id,
    span_id,
    parent_span_id,
    name,
    start_ns,
    end_ns,
    service_name,
    call_id,
    arguments,
    result,
    status,
    error_type,
    error_message,
    received_ns
FROM tool_executions
WHERE trace_id IN {trace_ids:Array(String)}
ORDER BY
    tenant,
    start_ns,
    trace_id,
    span_id
