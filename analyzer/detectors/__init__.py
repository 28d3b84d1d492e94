"""Detectors: pure functions from a conversation to what can be seen in it without a model.

They only see; `analyzer.decide` says which family a thing seen belongs to.
"""

from collections.abc import Callable, Iterator

from analyzer.detectors.conduct import inventions, repetitions, silences, unbacked_claims, unknown_tools
from analyzer.detectors.empty_lookups import empty_lookups
from analyzer.detectors.failed_calls import failed_calls
from analyzer.detectors.refusals import handovers, refusals
from analyzer.observations import Observation
from schemas.records import Conversation

Detector = Callable[[Conversation], Iterator[Observation]]

DETECTORS: tuple[Detector, ...] = (
    failed_calls,
    empty_lookups,
    refusals,
    handovers,
    unknown_tools,
    repetitions,
    unbacked_claims,
    inventions,
    silences,
)


def observe(conversation: Conversation) -> tuple[Observation, ...]:
    """Everything all detectors see, in the order of the conversation."""
    seen = [observation for detector in DETECTORS for observation in detector(conversation)]
    return tuple(sorted(seen, key=lambda observation: observation.place.position))
