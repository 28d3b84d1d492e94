-- Which spans did no dialect recognise, and what attributes do they carry?
SELECT
    ScopeName AS scope_name,
    SpanName AS span_name,
    ServiceName AS service_name,
    count() AS span_count,
    max(TraceId) AS example_trace_id,
    arraySlice(arraySort(arrayDistinct(arrayFlatten(groupArraySample(20)(mapKeys(SpanAttributes))))), 1, 12) AS attribute_keys
FROM otel_traces
WHERE ReceivedAt >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    AND (TraceId, SpanId) IN (
        SELECT
            trace_id,
            span_id
        FROM span_facts
        WHERE dialect = '' AND received_ns >= {since_ns:Int64}
    )
GROUP BY
    scope_name,
    span_name,
    service_name
ORDER BY span_count DESC
LIMIT {limit:UInt64}
