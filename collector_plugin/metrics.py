"""Numbers about the collector itself in Prometheus' text format.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# From an insert of a few rows on the same machine to one that is about to time out.
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(slots=True)
class Histogram:
    """Durations in seconds, counted by the first of `BOUNDS_S` that they do not exceed; the last count is of the rest.

    One thread at a time observes; others may read at any time.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    sum_s: float = 0.0

    def observe(self, duration_s: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BOUNDS_S, duration_s)] += 1
        self.sum_s += duration_s


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `samples` maps label values, in the order of `labels`, to a number; without labels to one number."""

    name: str
    type: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...]
    samples: Mapping[tuple[str, ...], float]


def counter(name: str, help: str, value: float) -> Metric:
    """Return a counter without labels."""
    return Metric(name, "counter", help, (), {(): value})


def gauge(name: str, help: str, value: float) -> Metric:
    """Return a gauge without labels."""
    return Metric(name, "gauge", help, (), {(): value})


def counter_by(label: str, name: str, help: str, values: Mapping[str, float]) -> Metric:
    """Return a counter with one label."""
    return Metric(name, "counter", help, (label,), {(value,): count for value, count in values.items()})


def exposition(metrics: Sequence[Metric], histograms: Mapping[tuple[str, str], Histogram]) -> str:
    """Return the text that Prometheus reads; histograms are named by (name, help)."""
    lines = [line for metric in metrics for line in _metric_lines(metric)]
    lines += [line for (name, help), found in histograms.items() for line in _histogram_lines(name, help, found)]
    return "".join(f"{line}\n" for line in lines)


def _metric_lines(metric: Metric) -> Iterator[str]:
    yield from _head(metric.name, metric.type, metric.help)
    for values, number in sorted(metric.samples.items()):
        labels = dict(zip(metric.labels, values, strict=True))
        yield f"{metric.name}{_labels(labels)} {_number(number)}"


def _histogram_lines(name: str, help: str, histogram: Histogram) -> Iterator[str]:
    yield from _head(name, "histogram", help)
    counts = list(accumulate(histogram.counts))
    for bound, count in zip((*map(_number, BOUNDS_S), "+Inf"), counts, strict=True):
        yield f"{name}_bucket{_labels({'le': bound})} {count}"
    yield f"{name}_sum {_number(histogram.sum_s)}"
    yield f"{name}_count {counts[-1]}"


def _head(name: str, type: str, help: str) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} {type}"


def _labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
