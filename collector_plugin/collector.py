"""The collector: two receivers, a spool, a writer, and how they begin and end together."""

import contextlib
import time
from collections.abc import Mapping

from collector_plugin.grpc_receiver import GrpcReceiver
from collector_plugin.http_receiver import HttpReceiver
from collector_plugin.intake import Intake
from collector_plugin.spool import Spool
from collector_plugin.writer import Writer
from schemas.database import Database
from schemas.settings import Settings

GRACE_S = 5.0


class Collector:
    """Receives export requests and writes them to a database. Starts and stops once."""

    def __init__(self, settings: Settings, database: Database) -> None:
        """Take the spool folder and both addresses; nothing is served yet. The database must be migrated.

        Raises:
            SpoolInUse: another process has the spool folder.
            SettingsError: an address cannot be listened on.
        """
        with contextlib.ExitStack() as undo:
            self._spool = Spool(
                settings.spool,
                limit_bytes=settings.spool_limit_bytes,
                segment_limit_bytes=settings.segment_limit_bytes,
                segment_age_s=settings.segment_age_s,
                retention_days=settings.spool_retention_days,
            )
            undo.callback(self._spool.close)
            self._intake = Intake(self._spool, limit_bytes=settings.request_limit_bytes)
            self._http = HttpReceiver(settings.http_address, self._intake, self.status)
            undo.callback(self._http.stop, 0)
            self._grpc = GrpcReceiver(settings.grpc_address, self._intake)
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
        writer = self._writer.counts
        oldest_ns = self._spool.oldest_ns
        return {
            **self._intake.counts(),
            "segments_waiting": self._spool.waiting_count,
            "bytes_waiting": self._spool.waiting_bytes,
            "behind_s": max(0.0, (time.time_ns() - oldest_ns) / 1e9) if oldest_ns else 0.0,
            "records_torn": self._spool.torn_count,
            "records_corrupt": self._spool.corrupt_count,
            "segments_written": writer.segments_written,
            "segments_set_aside": writer.segments_set_aside,
            "rows_written": writer.rows_written,
            "tables_repaired": writer.tables_repaired,
            "items_unread": writer.items_unread,
            "requests_lost": writer.requests_lost,
            "last_error": writer.last_error,
            "unknown_spans": [
                {"scope": scope, "span": span, "count": count}
                for (scope, span), count in writer.unknown_spans.copy().most_common()
            ],
        }
