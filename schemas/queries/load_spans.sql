-- What do the spans of these traces say in full?
SELECT *
FROM otel_traces
WHERE TraceId IN {trace_ids:Array(String)}
    AND Timestamp >= (
        SELECT min(Start)
        FROM otel_traces_trace_id_ts
        WHERE TraceId IN {trace_ids:Array(String)}
    )
    AND Timestamp < (
        SELECT max(End) + INTERVAL 1 SECOND
        FROM otel_traces_trace_id_ts
        WHERE TraceId IN {trace_ids:Array(String)}
    )
ORDER BY
    Timestamp,
    SpanId
