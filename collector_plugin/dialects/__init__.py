"""The attribute vocabularies that instrumentation libraries speak, one file each.

A dialect is three names in a module: `NAME`, `recognises(span)` and `read(span)`, which yields records. Add it to
`DIALECTS` where its rule belongs: the first that recognises a span reads it, and only that one. A dialect whose content
travels as log records has `recognises_log(log)` and `read_log(log)` as well and stands in `LOG_DIALECTS`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from collector_plugin.dialects import (
    claude_code,
    google_adk,
    langfuse,
    langsmith,
    litellm,
    logfire,
    mlflow,
    openai_agents_v2,
    openinference,
    otel_genai,
    pydantic_ai,
    strands,
    traceloop,
    vercel,
)
from collector_plugin.reading.build import make_facts, span_exceptions
from schemas.records import LogRecord, Record, Span, ToolExecution


class Dialect(Protocol):
    """What a dialect's module offers."""

    @property
    def NAME(self) -> str: ...  # noqa: N802  # a module's constant
    def recognises(self, span: Span) -> bool:
        """Tell whether the span speaks this dialect, from its attributes rather than from its scope's name."""
        ...

    def read(self, span: Span) -> Iterator[Record]:
        """Yield the span's facts first, then the tool execution or retrieval that it is."""
        ...


class LogDialect(Protocol):
    """What a dialect's module offers if its content travels as log records too."""

    @property
    def NAME(self) -> str: ...  # noqa: N802  # a module's constant
    def recognises_log(self, log: LogRecord) -> bool: ...
    def read_log(self, log: LogRecord) -> Iterator[Record]: ...


DIALECTS: tuple[Dialect, ...] = (
    langfuse,
    openinference,
    langsmith,
    mlflow,
    vercel,
    claude_code,
    google_adk,
    pydantic_ai,
    logfire,
    litellm,
    traceloop,
    openai_agents_v2,
    strands,
    otel_genai,
)
LOG_DIALECTS: tuple[LogDialect, ...] = (claude_code, otel_genai)


def dialect_of(span: Span) -> Dialect | None:
    """Return the dialect that reads `span`; None for a span of no dialect."""
    for dialect in DIALECTS:
        if dialect.recognises(span):
            return dialect
    return None


def read_span(span: Span) -> list[Record]:
    """Return all records of one span: at least its facts, so that the tree of the trace stays whole.

    A span of no dialect has facts with an empty dialect and the role `other`.
    """
    dialect = dialect_of(span)
    records: list[Record] = list(dialect.read(span)) if dialect else [make_facts(span, "", "other")]
    execution = next((record for record in records if isinstance(record, ToolExecution)), None)
    failures = span_exceptions(span, execution.name if execution else "")
    # some exceptions are raised without a word, and only what the model is told of them says why
    reason = execution.error_message if execution else ""
    return [*records, *(failure if failure.message else replace(failure, message=reason) for failure in failures)]


def read_log(log: LogRecord) -> list[Record]:
    """Return the records of one log record; none where no dialect knows it."""
    dialect = next((dialect for dialect in LOG_DIALECTS if dialect.recognises_log(log)), None)
    return list(dialect.read_log(log)) if dialect else []
