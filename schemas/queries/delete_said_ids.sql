-- Takes out the log records of other traces, or of none, that say one of these ids, such as feedback on a conversation.
ALTER TABLE otel_logs
    DELETE WHERE Tenant = {tenant:String}
        AND TraceId NOT IN {trace_ids:Array(String)}
        AND arrayExists(key -> LogAttributes[key] IN {ids:Array(String)}, {keys:Array(String)})
    SETTINGS mutations_sync = 2
