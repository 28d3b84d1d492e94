-- What do these spans, and the log records about them, say in all their attributes?
SELECT
    TraceId AS trace_id,
    SpanId AS span_id,
    [StatusMessage, toString(SpanAttributes), toString(Events.Attributes)] AS said
FROM otel_traces
WHERE TraceId IN {trace_ids:Array(String)}
    AND SpanId IN {span_ids:Array(String)}
UNION ALL
SELECT
    TraceId AS trace_id,
    SpanId AS span_id,
    [Body, toString(LogAttributes)] AS said
FROM otel_logs
WHERE TraceId IN {trace_ids:Array(String)}
    AND SpanId IN {span_ids:Array(String)}
