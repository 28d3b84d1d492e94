"""From export requests to rows: receivers, admission, spool, writer, flatten, dialects.

    exporter ─OTLP─▶ receiver ─raw bytes─▶ spool (durable; only then acknowledge)
                                             │ writer: a closed segment is one batch
                                             ▼ flatten (lossless, knows no vendor)  ─▶ otel_traces, otel_logs
                                               dialects (one file per vocabulary)    ─▶ span_facts, message_bodies, ...

Imports `schemas` only.
"""
