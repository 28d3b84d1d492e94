-- Of which trace is the span of this id? Looks through all spans, for where nothing else has that name.
SELECT DISTINCT
    'trace' AS noun,
    Tenant AS tenant,
    TraceId AS id,
    true AS is_exact
FROM otel_traces
WHERE SpanId = lower({name:String})
    AND ({tenant:Nullable(String)} IS NULL OR Tenant = {tenant:Nullable(String)})
ORDER BY
    tenant,
    id
LIMIT 12
