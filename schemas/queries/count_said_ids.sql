-- How many log records of other traces, or of none, say one of these ids in one of these attributes?
SELECT count() AS row_count
FROM otel_logs
WHERE Tenant = {tenant:String}
    AND TraceId NOT IN {trace_ids:Array(String)}
    AND arrayExists(key -> LogAttributes[key] IN {ids:Array(String)}, {keys:Array(String)})
