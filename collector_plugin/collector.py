"""The collector: two receivers, a spool, a writer, and how they begin and end together."""

import contextlib
import logging
import time
from collections.abc import Mapping

from collector_plugin.metrics import counter, counter_by, exposition, gauge
from collector_plugin.receivers.address import refuse_exposed, split_address
from collector_plugin.receivers.grpc_receiver import GrpcReceiver
from collector_plugin.receivers.http_receiver import HttpReceiver
from collector_plugin.receivers.intake import Intake
from collector_plugin.receivers.keys import Keys, keys_of
from collector_plugin.receivers.readiness import Readiness, spool_fault
from collector_plugin.receivers.tls import Tls, tls_of
from collector_plugin.redaction.scrub import Scrubber, scrubber_of
from collector_plugin.spool.spool import Spool
from collector_plugin.writer import Writer
from schemas.database import Database
from schemas.settings import Settings

log = logging.getLogger(__name__)

GRACE_S = 5.0


class Collector:
    """Receives export requests and writes them to a database. Starts and stops once."""

    def __init__(self, settings: Settings, database: Database) -> None:
        """Take the spool folder and both addresses; nothing is served yet. The database is migrated, or will be on first use.

        Raises:
            DatabaseError: the database cannot be used; a server that does not answer is waited for.
            SpoolInUse: another process has the spool folder.
            SettingsError: an address cannot be listened on, or would let everybody in; keys, certificates or the rules of
                redaction cannot be used.
        """
        keys, tls, self._scrubber = guards_of(settings)
        if settings.insecure and not (keys or settings.tls_client_ca):
            log.warning(
                "MOMUS_INSECURE is set and there are no keys: whoever reaches the ports may send and read counters"
            )
        self._settings = settings
        with contextlib.ExitStack() as undo:
            self._spool = Spool(
                settings.spool,
                limit_bytes=settings.spool_limit_bytes,
                segment_limit_bytes=settings.segment_limit_bytes,
                segment_age_s=settings.segment_age_s,
                retention_days=settings.spool_retention_days,
            )
            undo.callback(self._spool.close)
            self._intake = Intake(self._spool, limit_bytes=settings.request_limit_bytes, scrubber=self._scrubber)
            self._http = HttpReceiver(
                settings.http_address, self._intake, self.status, self.metrics, keys, tls, self.readiness
            )
            undo.callback(self._http.stop, 0)
            self._grpc = GrpcReceiver(settings.grpc_address, self._intake, keys, tls)
            undo.callback(self._grpc.stop, 0)
            self._database = database.clone()
            self._writer = Writer(self._spool, self._database)
            undo.pop_all()

    @property
    def http_port(self) -> int:
        """The port that OTLP over HTTP is received on."""
        return self._http.port

    @property
    def grpc_port(self) -> int:
        """The port that OTLP over gRPC is received on."""
        return self._grpc.port

    def start(self) -> None:
        """Begin to write what the spool holds, then to receive."""
        self._writer.start()
        self._http.start()
        self._grpc.start()

    def stop(self, drain_s: float = 10.0) -> bool:
        """Stop receiving, write for up to `drain_s` seconds, and let go of everything.

        Returns:
            Whether the database has everything. What it does not have stays in the spool and is written by the next
            process that opens it.
        """
        self._http.stop(GRACE_S)
        self._grpc.stop(GRACE_S)
        is_drained = self.flush(drain_s)
        self._writer.stop()
        self._spool.close()
        self._database.close()
        return is_drained

    def flush(self, timeout_s: float = 30.0) -> bool:
        """Wait until everything acknowledged before this call can be queried; False if it takes longer."""
        return self._spool.wait_gone(self._spool.seal(), timeout_s)

    def status(self) -> Mapping[str, object]:
        """Return what happened since the start, and how far the database is behind, as plain JSON values."""
        writer, scrubbed = self._writer.counts, self._scrubber.counts()
        return {
            **self._intake.counts(),
            "values_redacted": dict(scrubbed.redacted),
            "values_cut": scrubbed.cut,
            "segments_waiting": self._spool.waiting_count,
            "bytes_waiting": self._spool.waiting_bytes,
            "behind_s": _age_s(self._writer.oldest_raw_ns),
            "segments_unread": self._writer.unread_count,
            "reading_behind_s": _age_s(self._spool.oldest_ns()),
            "records_torn": self._spool.torn_count,
            "records_corrupt": self._spool.corrupt_count,
            "segments_written": writer.segments_written,
            "segments_set_aside": writer.segments_set_aside,
            "rows_written": writer.rows_by_table.total(),
            "tables_repaired": writer.tables_repaired,
            "items_unread": writer.items_unread,
            "requests_lost": writer.requests_lost,
            "is_database_reachable": self._writer.is_database_reachable,
            "last_error": self._writer.last_error,
            "unknown_spans": [
                {"scope": scope, "span": span, "count": count}
                for (scope, span), count in writer.unknown_spans.copy().most_common()
            ],
        }

    def readiness(self) -> Readiness:
        """Return whether requests are taken now, and whether the database answers."""
        fault = spool_fault(self._settings.spool, self._spool.waiting_bytes, self._settings.spool_limit_bytes)
        return Readiness(fault, self._writer.is_database_reachable)

    def metrics(self) -> str:
        """Return the same in Prometheus' text format. Labels are ours alone: no name that a client chose is among them."""
        received, writer, scrubbed = self._intake.counts(), self._writer.counts, self._scrubber.counts()
        return exposition(
            [
                counter("momus_requests_total", "Export requests accepted.", received["requests"]),
                counter("momus_requests_resent_total", "Requests acknowledged again.", received["requests_resent"]),
                counter(
                    "momus_items_total", "Spans, log records and metric resources accepted.", received["items_accepted"]
                ),
                counter("momus_items_resent_total", "Those acknowledged again, not stored.", received["items_resent"]),
                counter("momus_items_rejected_total", "Those refused for good.", received["items_rejected"]),
                counter("momus_feedback_total", "Feedback accepted.", received["feedback"]),
                gauge("momus_receiving_bytes", "Bytes of requests in hand.", self._intake.room.taken_bytes),
                counter_by("reason", "momus_refused_total", "Requests refused.", self._intake.refused()),
                counter_by("pattern", "momus_values_redacted_total", "Texts taken out.", scrubbed.redacted),
                counter("momus_values_cut_total", "Values cut for their length.", scrubbed.cut),
                gauge("momus_spool_segments", "Segments that wait for the database.", self._spool.waiting_count),
                gauge("momus_spool_bytes", "Bytes that wait for the database.", self._spool.waiting_bytes),
                gauge(
                    "momus_spool_age_seconds", "Age of the oldest segment that waits.", _age_s(self._spool.oldest_ns())
                ),
                gauge(
                    "momus_raw_age_seconds",
                    "Age of the oldest segment whose spans cannot be queried yet.",
                    _age_s(self._writer.oldest_raw_ns),
                ),
                gauge(
                    "momus_segments_unread",
                    "Segments whose spans can be queried, but not yet what dialects read in them.",
                    self._writer.unread_count,
                ),
                gauge(
                    "momus_merges_waiting",
                    "1 while the engine's merges wait for segments.",
                    self._writer.merges.are_waiting,
                ),
                gauge("momus_database_reachable", "1 while the database answers.", self._writer.is_database_reachable),
                counter("momus_segments_written_total", "Segments written.", writer.segments_written),
                counter("momus_segments_set_aside_total", "Segments never written.", writer.segments_set_aside),
                counter("momus_requests_lost_total", "Requests that cannot be flattened.", writer.requests_lost),
                counter("momus_items_unread_total", "Items whose dialect failed.", writer.items_unread),
                counter("momus_tables_repaired_total", "Tables repaired after an insert.", writer.tables_repaired),
                counter_by("table", "momus_rows_total", "Rows written.", writer.rows_by_table.copy()),
                counter_by("dialect", "momus_dialect_items_total", "Items recognised.", writer.dialects.copy()),
                counter("momus_unknown_spans_total", "Spans of no dialect.", writer.unknown_span_count),
            ],
            {("momus_insert_duration_seconds", "Time of one insert into one table."): writer.insert_duration_s},
        )


def guards_of(settings: Settings) -> tuple[Keys, Tls | None, Scrubber]:
    """Read who may come in, how, and what is kept of what they send, and check where; nothing is taken yet.

    Raises:
        SettingsError: an address is none or would let everybody in; keys, certificates or rules cannot be used.
    """
    keys, tls, scrubber = keys_of(settings), tls_of(settings), scrubber_of(settings)
    addresses = (settings.http_address, "MOMUS_HTTP_ADDRESS"), (settings.grpc_address, "MOMUS_GRPC_ADDRESS")
    for address, variable in addresses:
        split_address(address, variable)
        if not (keys or settings.tls_client_ca or settings.insecure):
            refuse_exposed(address, variable)
    return keys, tls, scrubber


def _age_s(oldest_ns: int | None) -> float:
    return max(0.0, (time.time_ns() - oldest_ns) / 1e9) if oldest_ns else 0.0
