-- Lets these traces count as written just now, so that the next run of the analyzer looks at them again.
ALTER TABLE span_facts
    UPDATE written_ns = {now_ns:Int64}
    WHERE tenant = {tenant:String}
        AND trace_id IN {trace_ids:Array(String)}
    SETTINGS mutations_sync = 2
