"""What the receivers do to every request before it is stored: redact it, then cut what is too long."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from collector_plugin.otlp.cut import cut_values
from collector_plugin.otlp.requests import Request
from collector_plugin.otlp.wire import holds_longer
from collector_plugin.redaction.request import redact
from collector_plugin.redaction.rules import Rules, read_rules
from schemas.settings import Settings


@dataclass(slots=True)
class ScrubCounts:
    """What was taken out since the process began, by rule; how many values were cut."""

    redacted: Counter[str] = field(default_factory=Counter)
    cut: int = 0


class Scrubber:
    """Applies one collector's rules; any number of threads may scrub at once."""

    def __init__(self, rules: Rules | None = None, *, value_limit_bytes: int = 0) -> None:
        """Take the rules, if any, and the longest value to keep in bytes, 0 for any."""
        self._rules = rules
        self._value_limit_bytes = value_limit_bytes
        self._lock = threading.Lock()
        self._counts = ScrubCounts()

    def scrub(self, request: Request, size_bytes: int, as_sent: bytes | None = None) -> bool:
        """Change the request in place; return whether it may have changed.

        Args:
            request: admitted.
            size_bytes: how large it is as received; what is no larger than the longest value need not be looked at.
            as_sent: what `request` was decoded from, if that was protobuf and nothing was changed since. It tells at less
                cost that no value is too long.
        """
        # Redaction first: a cut could leave half of a key, which no pattern finds.
        hits = redact(request, self._rules) if self._rules else Counter[str]()
        is_long = 0 < self._value_limit_bytes < size_bytes
        if is_long and as_sent is not None and not self._rules:
            is_long = holds_longer(as_sent, self._value_limit_bytes)
        cut_count = cut_values(request, self._value_limit_bytes) if is_long else 0
        if hits or cut_count:
            with self._lock:
                self._counts.redacted += hits
                self._counts.cut += cut_count
        return self._rules is not None or cut_count > 0

    def counts(self) -> ScrubCounts:
        """Return a copy of the counts."""
        with self._lock:
            return ScrubCounts(self._counts.redacted.copy(), self._counts.cut)


def scrubber_of(settings: Settings) -> Scrubber:
    """Read the rules that the settings name.

    Raises:
        SettingsError: they cannot be used.
    """
    rules = read_rules(settings.redaction_file) if settings.redaction_file else None
    return Scrubber(rules, value_limit_bytes=settings.value_limit_bytes)
