"""The way of an export request, or feedback, from the wire to the spool, the same for both transports.

body ─inflate─▶ ─decode─▶ ─check expansion─▶ ─admit─▶ ─scrub─▶ ─append (durable)─▶ answer
"""

import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass

from collector_plugin.otlp.admission import admit
from collector_plugin.otlp.expansion import check_expansion
from collector_plugin.otlp.inflate import inflate
from collector_plugin.otlp.requests import Decoded, Encoding, Response, Signal, answer, decode
from collector_plugin.receivers.feedback import read_feedback
from collector_plugin.redaction.scrub import Scrubber
from collector_plugin.spool.recent import digest_of
from collector_plugin.spool.segment_format import Kind, StoredRequest
from collector_plugin.spool.spool import Spool

# Decoding multiplies a body in memory; so many at once are enough to keep two cores busy.
DECODER_COUNT = 2


@dataclass(slots=True)
class IntakeCounts:
    """What was accepted since the process began. `items` are spans, log records and metric resources."""

    requests: int = 0
    feedback: int = 0
    items_accepted: int = 0
    items_rejected: int = 0
    requests_resent: int = 0


class Intake:
    """Takes export requests from any thread and answers once they are durable."""

    def __init__(self, spool: Spool, *, limit_bytes: int, scrubber: Scrubber | None = None) -> None:
        self._spool = spool
        self._scrubber = scrubber or Scrubber()
        self.limit_bytes = limit_bytes
        self._decoders = threading.BoundedSemaphore(DECODER_COUNT)
        self._lock = threading.Lock()
        self._counts = IntakeCounts()
        self._refused: Counter[str] = Counter()

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
        received_ns = time.time_ns()
        with self._decoders:
            plain = inflate(body, coding, limit_bytes=self.limit_bytes)
            decoded = decode(signal, plain, encoding)
            check_expansion(decoded.request, limit_bytes=self.limit_bytes)
            admission = admit(decoded.request, received_ns)
            is_scrubbed = self._scrubber.scrub(decoded.request, len(plain))
            admitted = _admitted_body(decoded, is_changed=admission.is_changed or is_scrubbed)
        is_new = True
        if signal != "metrics" and admission.admitted_count:
            is_new = self._store(signal, plain, admitted, received_ns, tenant)
        rejected_count = admission.rejected_count + decoded.cut_count
        with self._lock:
            self._counts.requests += 1
            self._counts.requests_resent += not is_new
            self._counts.items_accepted += admission.admitted_count if is_new else 0
            self._counts.items_rejected += rejected_count
        return answer(signal, rejected_count, [*decoded.notes, *admission.notes()])

    def accept_feedback(self, body: bytes, *, coding: str = "", tenant: str = "") -> None:
        """Take feedback as `read_feedback` reads it; returns once it is durable.

        Raises:
            TooLarge, Undecodable: it can never be accepted; the message says what is wrong.
            SpoolFull, SpoolWriteFailed: not now.
        """
        received_ns = time.time_ns()
        with self._decoders:
            plain = inflate(body, coding, limit_bytes=self.limit_bytes)
            request = read_feedback(plain, received_ns)
            self._scrubber.scrub(request, len(plain))
            admitted = bytes(request.SerializeToString())
        digest = digest_of("feedback", tenant, plain)
        is_new = self._spool.append(StoredRequest("logs", admitted, received_ns, digest, tenant))
        with self._lock:
            self._counts.feedback += is_new
            self._counts.requests_resent += not is_new

    def _store(self, kind: Kind, plain: bytes, admitted: bytes, received_ns: int, tenant: str) -> bool:
        digest = digest_of(kind, tenant, plain)
        return self._spool.append(StoredRequest(kind, admitted, received_ns, digest, tenant))

    def count_refusal(self, reason: str) -> None:
        """Count a request that a receiver refuses, before or after it came here."""
        with self._lock:
            self._refused[reason] += 1

    def refused(self) -> dict[str, int]:
        """Return the number of requests refused by reason."""
        with self._lock:
            return dict(self._refused)

    def counts(self) -> dict[str, int]:
        """Return the counters by name."""
        with self._lock:
            return {**asdict(self._counts), "requests_refused": self._refused.total()}


def _admitted_body(decoded: Decoded, *, is_changed: bool) -> bytes:
    # What came as protobuf and needed no mending is kept to the byte, with fields that we do not know.
    if decoded.body is not None and not is_changed:
        return decoded.body
    return bytes(decoded.request.SerializeToString())
