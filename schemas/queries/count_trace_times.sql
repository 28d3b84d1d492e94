-- How many entries say when these traces happened?
SELECT count() AS row_count
FROM otel_traces_trace_id_ts
WHERE TraceId IN {trace_ids:Array(String)}
