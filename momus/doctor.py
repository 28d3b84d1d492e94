"""Examine a momus from outside: what listens, what is stored, what is not understood and why."""

import http.client
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import orjson

from collector_plugin.receivers.address import split_address
from collector_plugin.receivers.keys import plain_key
from momus.spooled import set_aside, waiting_count
from schemas import database as store
from schemas.database import Database, Row
from schemas.errors import DatabaseError
from schemas.migrate import migrate
from schemas.settings import Settings

PROBE_S = 2.0
_REASONS = 5  # why conversations are unread, at most


@dataclass(frozen=True, slots=True)
class Listener:
    """An address that a running momus would have, and whether something answers there."""

    what: str
    address: str
    is_answering: bool
    hint: str = ""


@dataclass(slots=True)
class Health:
    """What an examination found. `faults` are sentences that say what to do; none means healthy."""

    listeners: list[Listener] = field(default_factory=list)
    collector: dict[str, Any] = field(default_factory=dict)  # its counts, as it gives them
    database: str = ""
    engine_version: str = ""
    tables: list[Row] = field(default_factory=list)
    dialects: list[Row] = field(default_factory=list)
    unknown_spans: list[Row] = field(default_factory=list)
    unread: list[Row] = field(default_factory=list)  # by why; empty without a model
    received_ns: int = 0
    analysed_ns: int = 0
    faults: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


def examine(settings: Settings, *, now_ns: int, hours: float) -> Health:
    """Look at every part once; a part that cannot be looked at is a fault, not an exception."""
    health = Health()
    _listeners(settings, health)
    health.faults.extend(set_aside(settings.spool, now_ns))
    try:
        if not store.is_there(settings.database):
            health.hints.append(f"There is no momus database at {store.place(settings.database)} yet.")
            _advise(health, settings)
            return health
        with store.open_or_connect(
            settings.database, memory_limit_bytes=settings.engine_memory_limit_bytes
        ) as database:
            migrate(database)
            health.database = _kind(settings, database)
            _stored(database, health, since_ns=now_ns - round(hours * 3600e9))
            health.unread = database.query("unread_conversations") if settings.has_model else []
    except DatabaseError as error:
        health.faults.append(str(error))
    _advise(health, settings)
    return health


def _kind(settings: Settings, database: Database) -> str:
    if not settings.database.startswith("chdb:"):
        return "server"
    return "embedded" if database.folder else "embedded, read through the momus that serves it"


def _listeners(settings: Settings, health: Health) -> None:
    health.listeners = [
        Listener("OTLP/gRPC", settings.grpc_address, _accepts(settings.grpc_address, "MOMUS_GRPC_ADDRESS")),
        Listener("OTLP/HTTP", settings.http_address, _accepts(settings.http_address, "MOMUS_HTTP_ADDRESS")),
        Listener(
            "SQL",
            settings.clickhouse_address,
            _accepts(settings.clickhouse_address, "MOMUS_CLICKHOUSE_ADDRESS"),
            "only with the embedded engine",
        ),
    ]
    health.collector = _collector_status(settings) if health.listeners[1].is_answering else {}


def _accepts(address: str, variable: str) -> bool:
    try:
        with socket.create_connection(split_address(address, variable), timeout=PROBE_S):
            return True
    except OSError:
        return False


def _collector_status(settings: Settings) -> dict[str, Any]:
    """The counts of the collector that listens there; without its key only whether all is well; none if it is not ours."""
    key = plain_key(settings)
    try:
        with closing(_connection(settings)) as connection:
            connection.request("GET", "/healthz", headers={"x-api-key": key} if key else {})
            status = orjson.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError):
        return {}
    return status if isinstance(status, dict) else {}


def _connection(settings: Settings) -> http.client.HTTPConnection:
    host, port = split_address(settings.http_address, "MOMUS_HTTP_ADDRESS")
    if not settings.tls_certificate:
        return http.client.HTTPConnection(host, port, timeout=PROBE_S)
    # Its own certificate and no other is trusted, whatever name it is for: a loopback address is none.
    context = ssl.create_default_context(cafile=settings.tls_certificate)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if settings.tls_client_ca:
        # Where clients need a certificate, the collector's own may be one of those that are taken.
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=lambda: "")
    return http.client.HTTPSConnection(host, port, timeout=PROBE_S, context=context)


def _stored(database: Database, health: Health, *, since_ns: int) -> None:
    health.engine_version = database.engine_version
    health.tables = database.query("stored_rows")
    health.dialects = database.query("dialects_stored", since_ns=since_ns)
    health.unknown_spans = database.query("unknown_spans", since_ns=since_ns, limit=20)
    (last,) = database.query("last_activity")
    health.received_ns, health.analysed_ns = last["received_ns"] or 0, last["analysed_ns"] or 0
    for part in database.detached_parts():
        health.faults.append(
            f"The engine set aside part {part.get('name')} of {part.get('table')} ({part.get('reason')}): rows are on disk but in no answer."
        )


def _advise(health: Health, settings: Settings) -> None:
    """Turn what was seen into sentences that say what to do."""
    if not any(listener.is_answering for listener in health.listeners[:2]):
        health.hints.append("No collector is listening. Start one with `momus serve`.")
    if error := health.collector.get("last_error"):
        health.faults.append(f"The collector last failed with: {error}")
    elif health.collector.get("status") == "not ok":
        health.faults.append("The collector cannot write to the database. Its log says why.")
    if health.collector.get("is_database_reachable") is False:
        health.faults.append(
            f"The collector does not reach its database; {health.collector.get('segments_waiting', 0)} segments wait in the spool."
        )
    elif not health.collector and (waiting := waiting_count(settings.spool)):
        health.hints.append(f"{waiting} segments wait in {settings.spool}. A collector writes them once it runs again.")
    if (behind_s := health.collector.get("behind_s", 0)) > 60:
        health.faults.append(
            f"The collector is {behind_s:.0f} s behind: the database does not keep up or does not answer."
        )
    elif (behind_s := health.collector.get("reading_behind_s", 0)) > 60:
        health.hints.append(
            f"Spans can be queried at once, but the messages and tool calls in them only {behind_s:.0f} s later: more "
            "arrives than is read. It catches up when less does; if this lasts, run one more collector."
        )
    if not health.received_ns:
        health.hints.extend(_why_nothing(health, settings))
    elif health.analysed_ns < health.received_ns:
        health.hints.append("What arrived since the last analysis waits for the next one. `momus analyze` runs it now.")
    health.hints.extend(_unread_hints(health.unread, settings.model_name))
    for row in health.dialects:
        health.hints.extend(_dialect_hints(row))
    if health.unknown_spans:
        health.hints.append(
            "Spans of no dialect are kept and shown in traces, but tell nothing of messages or tools. `momus inspect FILE` shows one request in detail."
        )


def _why_nothing(health: Health, settings: Settings) -> list[str]:
    """Nothing is stored: because nothing came, or because what came is stored elsewhere."""
    if not health.engine_version:
        return []
    if health.collector.get("items_accepted"):
        return [
            f"The collector at {settings.http_address} writes to another database than this one. Name its database with "
            f"--database, or clickhouse://{settings.clickhouse_address}/momus if it runs with the embedded engine."
        ]
    scheme = "https" if settings.tls_certificate else "http"
    return [
        f"Nothing was received yet. Set OTEL_EXPORTER_OTLP_ENDPOINT={scheme}://{settings.http_address} for your agent."
    ]


def _unread_hints(unread: list[Row], model: str) -> list[str]:
    """How many conversations no model has read, why, and what reads them."""
    waiting = [row for row in unread if row["is_waiting"]]
    given_up = [row for row in unread if not row["is_waiting"]]
    return [
        *_unread_hint(waiting, f"wait to be read by {model}; `momus serve` tries by itself, `momus analyze` at once"),
        *_unread_hint(given_up, f"could not be read by {model} in three runs; `momus analyze --full` tries again"),
    ]


def _unread_hint(rows: list[Row], what: str) -> list[str]:
    count = sum(row["conversation_count"] for row in rows)
    why = "; ".join(f"{row['conversation_count']:,} {_why_unread(row['state'])}" for row in rows[:_REASONS])
    return [f"{count:,} conversations {what}: {why}{'; ...' if rows[_REASONS:] else '.'}"] if rows else []


def _why_unread(state: str) -> str:
    """A state in words; what was analysed before there was a model has none to tell."""
    return "analysed before there was a model" if state == "analysed" else state.rstrip(".")


def _dialect_hints(row: Row) -> list[str]:
    hints = []
    calls, silent = row["model_call_count"], row["silent_call_count"]
    if silent > calls / 2:
        hints.append(
            f"{silent} of {calls} model calls in {row['dialect']} carry no messages. Content capture is off in many libraries; "
            "OpenTelemetry's own needs OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true (or span_and_event)."
        )
    if row["dropped_attributes_count"]:
        hints.append(
            f"SDKs dropped {row['dropped_attributes_count']} attributes in {row['dialect']}. Raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT "
            "(128 by default): the oldest go first, session id and first messages among them."
        )
    if row["cut_count"]:
        hints.append(
            f"{row['cut_count']} spans in {row['dialect']} hold messages cut off by OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT."
        )
    return hints
