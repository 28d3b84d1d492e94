"""Conversations whose truth is known by construction, over real OTLP through the real path, without a model.

Floors stand well under what is reached, so that only a real loss breaks them; `make ablation` prints the figures.
"""

import pytest

from analyzer.evaluate.report import Evaluation
from analyzer.evaluate.scores import Quality
from tests.ablation.measure import measure
from tests.ablation.tasks import HALVES, TRUTH, plays

# (precision, recall) on the tasks that rules were mended on, and on those that were only ever measured.
_FLOORS = {
    "dev": {
        "missing_capability": (0.55, 0.85),
        "missing_inventory": (0.85, 0.85),
        "technical_error": (0.9, 0.9),
        "agent_mistake": (0.8, 0.3),
    },
    "held_out": {
        "missing_capability": (0.5, 0.65),
        "missing_inventory": (0.85, 0.7),
        "technical_error": (0.85, 0.9),
        "agent_mistake": (0.8, 0.15),
    },
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evaluation]:
    """Both halves, played, received, analysed and scored once."""
    return measure(tmp_path_factory.mktemp("ablation"), list(plays()))


def test_the_gold_set_is_large_and_varied() -> None:
    """Two hundred conversations in every arm, in eight languages or more, with no task in both halves."""
    played = list(plays())
    assert len(played) >= 200
    assert {play.arm for play in played} == set(TRUTH)
    assert len({play.language for play in played}) >= 8
    assert not {p.task for p in played if p.half == "dev"} & {p.task for p in played if p.half == "held_out"}


@pytest.mark.parametrize("half", HALVES)
def test_families_are_found_without_a_model(measured: dict[str, Evaluation], half: str) -> None:
    """Precision and recall of each family hold their floors, in either half."""
    found: dict[str, Quality] = {quality.name: quality for quality in measured[half].overall.families}
    short = [
        f"{name}: precision {quality.precision.value}, recall {quality.recall.value}"
        for name, (precision, recall) in _FLOORS[half].items()
        for quality in (found[name],)
        if (quality.precision.value or 0) < precision or (quality.recall.value or 0) < recall
    ]
    assert not short


@pytest.mark.parametrize("half", HALVES)
def test_few_conversations_that_went_well_show_an_issue(measured: dict[str, Evaluation], half: str) -> None:
    """Controls, and refusals by a rule of the business, stay clean but for one in four at most."""
    rate = measured[half].overall.false_issue_rate.value
    assert rate is not None
    assert rate <= 0.25


@pytest.mark.parametrize("half", HALVES)
def test_everything_arrived_and_every_quote_is_verbatim(measured: dict[str, Evaluation], half: str) -> None:
    """No conversation is lost between the exporter and the score, and quotes stand in the raw spans."""
    evaluation = measured[half]
    assert evaluation.absent == 0
    assert evaluation.quotes.checked == evaluation.quotes.verbatim > 0
