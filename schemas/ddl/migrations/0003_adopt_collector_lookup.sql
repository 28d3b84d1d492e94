-- What does the Collector's trace lookup lack? A repeated insert must be recognised there too.
ALTER TABLE otel_traces_trace_id_ts
    MODIFY SETTING non_replicated_deduplication_window = 10000
