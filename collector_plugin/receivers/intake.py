"""The way of an export request, or feedback, from the wire to the spool, the same for both transports.

body ─inflate─▶ ─check parts─▶ ─decode─▶ ─check expansion─▶ ─admit─▶ ─scrub─▶ ─append what is new (durable)─▶ answer

What comes faster than it can be taken is refused with a word when to come again, instead of queued, so that what is taken is
answered within a second. While the writer works beside them, two cores take some 50 MB a second of spans of 1 kB, and 100 MB
of spans of 4 kB: with 16 MiB before it a request waits a third of a second, and with more it is refused before its body is
read. Bodies that take longer than their length tells, of tiny spans or well compressed, are refused when they have waited
half a second for their turn to be decoded.

That is for crowds. Four clients that send one request after another are never refused for that: they wait for one another, as
no more can wait than they are, and refused they would only come later. All that are in hand together take at most the room of
four of the largest.
"""

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass

from collector_plugin.otlp.admission import Admission, admit
from collector_plugin.otlp.expansion import check_expansion, check_parts
from collector_plugin.otlp.inflate import inflate
from collector_plugin.otlp.requests import Decoded, Encoding, Response, Signal, answer, decode
from collector_plugin.otlp.span_keys import span_keys, without
from collector_plugin.receivers.feedback import read_feedback
from collector_plugin.receivers.room import Room
from collector_plugin.redaction.scrub import Scrubber
from collector_plugin.spool.recent import key_of_request
from collector_plugin.spool.segment_format import StoredRequest
from collector_plugin.spool.spool import Spool
from schemas.errors import Overloaded

# Decoding multiplies a body in memory; so many at once are enough to keep two cores busy.
DECODER_COUNT = 2
TURN_DEADLINE_S = 0.5
# Exporters wait ten seconds for an answer; one that comes later costs the work and is not heard.
TURN_OF_FEW_DEADLINE_S = 5.0
BODIES_IN_HAND = 4
DOOR_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class IntakeCounts:
    """What was accepted since the process began. `items` are spans, log records and metric resources."""

    requests: int = 0
    feedback: int = 0
    items_accepted: int = 0
    items_rejected: int = 0
    items_resent: int = 0
    requests_resent: int = 0


class Intake:
    """Takes export requests from any thread and answers once they are durable."""

    def __init__(self, spool: Spool, *, limit_bytes: int, scrubber: Scrubber | None = None) -> None:
        self._spool = spool
        self._scrubber = scrubber or Scrubber()
        self.limit_bytes = limit_bytes
        self.room = Room(BODIES_IN_HAND * limit_bytes, DOOR_BYTES)
        self._decoders = threading.BoundedSemaphore(DECODER_COUNT)
        self._lock = threading.Lock()
        self._counts = IntakeCounts()
        self._refused: Counter[str] = Counter()

    def accept(
        self,
        signal: Signal,
        body: bytes,
        *,
        encoding: Encoding = "protobuf",
        coding: str = "",
        tenant: str = "",
        arrived_s: float | None = None,
    ) -> Response:
        """Take one export request and return the answer for its sender.

        Args:
            signal: what the request carries. Metrics are counted and not stored.
            body: the request as received; its receiver has taken the room for it.
            encoding: how the request is written.
            coding: the Content-Encoding of the body; empty where the transport has undone it.
            tenant: on whose behalf, as the receiver established it; never taken from the content.
            arrived_s: when it was received, by the monotonic clock; now, if not given.

        Raises:
            TooLarge, Undecodable: the request can never be accepted.
            Overloaded, SpoolFull, SpoolWriteFailed: not now.
        """
        received_ns = time.time_ns()
        with ExitStack() as held:
            with self._turn(arrived_s):
                plain = held.enter_context(self._inflated(body, coding))
                check_parts(plain, encoding)
                decoded = decode(signal, plain, encoding)
                check_expansion(decoded.request, limit_bytes=self.limit_bytes)
                admission = admit(decoded.request, received_ns)
                as_sent = None if admission.is_changed else decoded.body
                admission.is_changed |= self._scrubber.scrub(decoded.request, len(plain), as_sent)
                stored = _stored(signal, tenant, plain, decoded, admission, received_ns)
            new_count = self._append(stored, decoded, admission) if stored else admission.admitted_count
        rejected_count = admission.rejected_count + decoded.cut_count
        with self._lock:
            self._counts.requests += 1
            self._counts.requests_resent += new_count == 0 < admission.admitted_count
            self._counts.items_accepted += new_count
            self._counts.items_resent += admission.admitted_count - new_count
            self._counts.items_rejected += rejected_count
        return answer(signal, rejected_count, [*decoded.notes, *admission.notes()])

    def accept_feedback(
        self, body: bytes, *, coding: str = "", tenant: str = "", arrived_s: float | None = None
    ) -> None:
        """Take feedback as `read_feedback` reads it; returns once it is durable.

        Raises:
            TooLarge, Undecodable: it can never be accepted; the message says what is wrong.
            Overloaded, SpoolFull, SpoolWriteFailed: not now.
        """
        received_ns = time.time_ns()
        with self._turn(arrived_s), self._inflated(body, coding) as plain:
            check_parts(plain, "json")
            request = read_feedback(plain, received_ns)
            self._scrubber.scrub(request, len(plain))
            admitted = bytes(request.SerializeToString())
            key = key_of_request("feedback", tenant, plain)
        is_new = bool(self._spool.append(StoredRequest("logs", admitted, received_ns, key, tenant)))
        with self._lock:
            self._counts.feedback += is_new
            self._counts.requests_resent += not is_new

    @contextmanager
    def _turn(self, arrived_s: float | None) -> Iterator[None]:
        """Have one of the decoders within the block."""
        deadline_s = TURN_DEADLINE_S if self.room.is_crowded else TURN_OF_FEW_DEADLINE_S
        left_s = deadline_s - (time.monotonic() - arrived_s if arrived_s is not None else 0.0)
        if left_s <= 0 or not self._decoders.acquire(timeout=left_s):
            raise Overloaded("The collector has more requests than it can decode. Send again later.")
        try:
            yield
        finally:
            self._decoders.release()

    @contextmanager
    def _inflated(self, body: bytes, coding: str) -> Iterator[bytes]:
        """Have the plain body within the block, and room for what it is longer than what was received."""
        plain = inflate(body, coding, limit_bytes=self.limit_bytes)
        with self.room.holding(max(0, len(plain) - len(body))):
            yield plain

    def _append(self, stored: StoredRequest, decoded: Decoded, admission: Admission) -> int:
        """Return how many of the items are new once they are durable."""

        def rest(known: Collection[int]) -> bytes:
            return without(decoded.request, known)

        if stored.kind == "traces":
            return self._spool.append(stored, rest)
        return self._spool.append(stored) * admission.admitted_count

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


def _stored(
    signal: Signal, tenant: str, plain: bytes, decoded: Decoded, admission: Admission, received_ns: int
) -> StoredRequest | None:
    """Return what the spool is to hold; None where there is nothing to keep."""
    if signal == "metrics" or not admission.admitted_count:
        return None
    keys = span_keys(tenant, admission.identities) if signal == "traces" else key_of_request(signal, tenant, plain)
    # What came as protobuf and needed no mending is kept to the byte, with fields that we do not know.
    as_sent = None if admission.is_changed else decoded.body
    body = as_sent if as_sent is not None else bytes(decoded.request.SerializeToString())
    return StoredRequest(signal, body, received_ns, keys, tenant)
