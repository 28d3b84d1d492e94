-- Takes out when these traces happened, unless spans of another tenant are still there under the same id.
ALTER TABLE otel_traces_trace_id_ts
    DELETE WHERE TraceId IN {trace_ids:Array(String)}
        AND TraceId NOT IN (
            SELECT TraceId
            FROM otel_traces
            WHERE TraceId IN {trace_ids:Array(String)}
        )
    SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1
