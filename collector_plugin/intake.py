"""The way of an export request from the wire to the spool, the same for both transports.

body ─inflate─▶ ─decode─▶ ─admit─▶ ─append (durable)─▶ answer
"""

import threading
import time
from dataclasses import asdict, dataclass

from collector_plugin.admission import Admission, admit
from collector_plugin.inflate import inflate
from collector_plugin.otlp import Decoded, Encoding, Response, Signal, answer, decode
from collector_plugin.recent import digest_of
from collector_plugin.segment_format import Kind, StoredRequest
from collector_plugin.spool import Spool

# Decoding multiplies a body in memory; so many at once are enough to keep two cores busy.
DECODER_COUNT = 2


@dataclass(slots=True)
class IntakeCounts:
    """What was received since the process began. `items` are spans, log records and metric resources."""

    requests: int = 0
    requests_refused: int = 0
    items_accepted: int = 0
    items_rejected: int = 0
    requests_resent: int = 0


class Intake:
    """Takes export requests from any thread and answers once they are durable."""

    def __init__(self, spool: Spool, *, limit_bytes: int) -> None:
        self._spool = spool
        self.limit_bytes = limit_bytes
        self._decoders = threading.BoundedSemaphore(DECODER_COUNT)
        self._lock = threading.Lock()
        self._counts = IntakeCounts()

    def accept(
        self, signal: Signal, body: bytes, *, encoding: Encoding = "protobuf", coding: str = "", tenant: str = ""
    ) -> Response:
        """Take one export request and return the answer for its sender.

        Args:
            signal: what the request carries. Metrics are counted and not stored.
            body: the request as received.
            encoding: how the request is written.
            coding: the Content-Encoding of the body; empty where the transport has undone it.
            tenant: on whose behalf, as the receiver established it; never taken from the content.

        Raises:
            TooLarge, Undecodable: the request can never be accepted.
            SpoolFull, SpoolWriteFailed: not now.
        """
        try:
            return self._accept(signal, body, encoding, coding, tenant)
        except Exception:
            with self._lock:
                self._counts.requests_refused += 1
            raise

    def _accept(self, signal: Signal, body: bytes, encoding: Encoding, coding: str, tenant: str) -> Response:
        received_ns = time.time_ns()
        with self._decoders:
            plain = inflate(body, coding, limit_bytes=self.limit_bytes)
            decoded = decode(signal, plain, encoding)
            admission = admit(decoded.request, received_ns)
            admitted = _admitted_body(decoded, admission)
        is_new = True
        if signal != "metrics" and admission.admitted_count:
            is_new = self._store(signal, plain, admitted, received_ns, tenant)
        rejected_count = admission.rejected_count + decoded.cut_count
        self._count(admission.admitted_count, rejected_count, is_new)
        return answer(signal, rejected_count, [*decoded.notes, *admission.notes()])

    def _store(self, kind: Kind, plain: bytes, admitted: bytes, received_ns: int, tenant: str) -> bool:
        digest = digest_of(kind, tenant, plain)
        return self._spool.append(StoredRequest(kind, admitted, received_ns, digest, tenant))

    def _count(self, accepted: int, rejected: int, is_new: bool) -> None:
        with self._lock:
            self._counts.requests += 1
            self._counts.items_rejected += rejected
            if is_new:
                self._counts.items_accepted += accepted
            else:
                self._counts.requests_resent += 1

    def counts(self) -> dict[str, int]:
        """Return the counters by name."""
        with self._lock:
            return asdict(self._counts)


def _admitted_body(decoded: Decoded, admission: Admission) -> bytes:
    # What came as protobuf and needed no mending is kept to the byte, with fields that we do not know.
    if decoded.body is not None and not admission.is_changed:
        return decoded.body
    return bytes(decoded.request.SerializeToString())
