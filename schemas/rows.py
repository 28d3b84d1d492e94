"""Records to rows and back: what stands in which table and column.

    Span           otel_traces        (otel_rows.py)      SpanFacts       span_facts, message_bodies, tool_definitions
    LogRecord      otel_logs          (otel_rows.py)      ToolExecution   tool_executions
                                                          Retrieval       retrievals
                                                          SpanException   exceptions
                                                          Feedback        feedback         (record_rows.py)

All functions are pure. A row written and read again gives an equal record.
"""

from schemas.otel_rows import log_from_row, log_row, span_from_row, span_row
from schemas.record_rows import (
    CONTENT_TABLES,
    batch_rows,
    exception_from_row,
    facts_from_rows,
    feedback_from_row,
    retrieval_from_row,
    scope_of,
    tool_execution_from_row,
)

__all__ = [
    "CONTENT_TABLES",
    "batch_rows",
    "exception_from_row",
    "facts_from_rows",
    "feedback_from_row",
    "log_from_row",
    "log_row",
    "retrieval_from_row",
    "scope_of",
    "span_from_row",
    "span_row",
    "tool_execution_from_row",
]
