-- What do the spans of these traces say in full? The lookup narrows it to their days; without an entry all are read.
-- The bounds are DateTime64: `<` a DateTime makes the engine (26.9) skip parts that lie in the last second before it.
SELECT *
FROM otel_traces
WHERE TraceId IN {trace_ids:Array(String)}
    AND Timestamp >= (
        SELECT toDateTime64(min(Start), 9)
        FROM otel_traces_trace_id_ts
        WHERE TraceId IN {trace_ids:Array(String)}
    )
    AND Timestamp < (
        SELECT toDateTime64(if(count() = 0, toDateTime('2106-01-01 00:00:00', 'UTC'), max(End) + INTERVAL 1 SECOND), 9)
        FROM otel_traces_trace_id_ts
        WHERE TraceId IN {trace_ids:Array(String)}
    )
ORDER BY
    Timestamp,
    SpanId
