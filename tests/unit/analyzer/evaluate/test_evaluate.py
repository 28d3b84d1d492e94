"""Findings against labels: lines, figures, intervals, near-duplicates, splits, and the refusal to score a leak."""

from collections.abc import Sequence

import numpy as np
import pytest

from analyzer.evaluate.intervals import Counts, bootstrap
from analyzer.evaluate.labels import Label, read_labels
from analyzer.evaluate.near_duplicates import near_duplicate_groups
from analyzer.evaluate.report import Stored, evaluate
from analyzer.evaluate.scores import Found
from analyzer.evaluate.splits import split
from schemas.errors import PromptLeak

ABSENT = Found("missing_capability", "tool_absent", "low", 3)
FAILED = Found("technical_error", "timeout", "high", 1)
WISHES = ("a boat to the island", "paint for the fence", "the score of the game", "help with a long knitting pattern")


def stored(found: Sequence[Found] = (), *, name: str = "c", said: str = "") -> Stored:
    return Stored(name, tuple(found), (said or name,))


def test_good_lines_are_kept_and_bad_ones_told() -> None:
    """A code implies its family; what is no label costs its own line alone."""
    labels, problems = read_labels([
        '{"conversation_id": "a", "families": [], "codes": ["timeout"], "evidence": 2}',
        '{"conversation_id": "b", "families": ["none"]}',
        '{"conversation_id": "c", "families": ["missing_patience"]}',
        '{"families": []}', "nonsense", "", '{"conversation_id": "a", "families": []}',
    ])  # fmt: skip
    assert [(label.conversation_id, set(label.families), label.evidence) for label in labels] == [
        ("a", {"technical_error"}, (2,)),
        ("b", set(), ()),
    ]
    assert [problem.split()[1] for problem in problems] == ["3", "4", "5", "7"]
    assert "missing_patience" in problems[0]


def test_figures_count_conversations_once() -> None:
    """Two true findings of one family are one; a family that nobody looked for is neither right nor wrong."""
    labels = [
        Label("a", frozenset({"missing_capability"}), evidence=(4,)),
        Label("b"),
        Label("c", frozenset({"technical_error"}), known=frozenset({"technical_error"})),
    ]
    found = {
        "a": stored([ABSENT, ABSENT], said=WISHES[0]),
        "b": stored([FAILED], said=WISHES[1]),
        "c": stored([ABSENT], said=WISHES[2]),
    }
    scores = evaluate(labels, found, prompts={}).overall
    counts = {q.name: (q.true_positives, q.false_positives, q.false_negatives) for q in scores.families}
    assert counts["missing_capability"] == (1, 0, 0)
    assert counts["technical_error"] == (0, 1, 1)
    assert (scores.clean_count, scores.false_issue_rate.value, scores.exact_match.value) == (1, 1.0, 1 / 3)
    assert (scores.evidence_count, scores.evidence_near.value) == (1, 1.0)


def test_sure_findings_risk_less_and_cover_less() -> None:
    """Believing only high confidence leaves the one that is right."""
    labels = [Label("a", frozenset({"technical_error"})), Label("b")]
    found = {"a": stored([FAILED], said=WISHES[0]), "b": stored([ABSENT], said=WISHES[1])}
    sure, *_, all_of_them = evaluate(labels, found, prompts={}).overall.reach
    assert (sure.kept, sure.coverage, sure.risk, sure.recall) == (1, 0.5, 0.0, 1.0)
    assert (all_of_them.kept, all_of_them.risk) == (2, 0.5)


def test_intervals_take_copies_for_one_piece_of_evidence() -> None:
    """Ten copies of each of four conversations tell no more than the four: the interval is as wide."""
    once = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 1.0], [0.0, 1.0]])

    def share(sums: Counts) -> Counts:
        ratio: Counts = sums[..., :1] / sums[..., 1:]
        return ratio

    (alone,) = bootstrap(once, np.arange(4), share)
    (copied,) = bootstrap(np.repeat(once, 10, axis=0), np.repeat(np.arange(4), 10), share)
    assert alone == copied
    assert alone.low is not None
    assert alone.high is not None
    assert alone.high - alone.low > 0.5


def test_nothing_wrong_in_two_conversations_is_not_certain() -> None:
    """No false issue in two clean conversations allows for many in others; a hundred allow for few."""
    few, many = (
        evaluate(
            [Label(f"c{number}") for number in range(count)],
            {f"c{number}": stored(said=f"request {number} for {number * number} bolts of {number}") for number in range(count)},
            prompts={},
        ).overall.false_issue_rate
        for count in (2, 100)
    )  # fmt: skip
    assert (few.value, many.value) == (0, 0)
    assert few.high is not None
    assert many.high is not None
    assert many.high < 0.05 < 0.6 < few.high


def test_versions_of_a_text_are_one_group() -> None:
    """A changed number makes no other conversation; another wish does, in scripts without spaces too."""
    long = "could you please find out for me when the ferry to the island leaves on saturday with car {}"
    texts = [
        long.format(1),
        long.format(2),
        "what does the ferry cost",
        "土曜日の島へのフェリーは何時に出ますか",
        "土曜日の島へのフェリーは何時に出ますか?",
    ]
    assert near_duplicate_groups(texts) == [0, 0, 2, 3, 3]


def test_a_group_stands_in_one_split_whole() -> None:
    """And whatever the order of the labels."""
    labels = [Label(f"c{n}", source="s") for n in range(40)]
    groups = [n // 4 for n in range(40)]
    chosen = split(labels, groups)
    assert all(len({chosen[n] for n in range(40) if groups[n] == group}) == 1 for group in groups)
    assert set(chosen) == {"train", "validation", "test"}
    assert split(labels[::-1], groups[::-1]) == chosen[::-1]


def test_what_stands_in_a_prompt_is_not_scored() -> None:
    """An example taken from a labelled conversation, a name exchanged, is a leak; other prompts are none."""
    said = "I would like to send my grandmother's piano to Lisbon by ship in the spring."
    labels, found = [Label("a")], {"a": stored(said=said, name="a")}
    leak = "Example: I would like to send my grandmother's piano to Porto by ship in the spring."
    with pytest.raises(PromptLeak, match=r"piano.*own\.txt"):
        evaluate(labels, found, prompts={"own.txt": leak})
    assert evaluate(labels, found, prompts={"own.txt": "Say what the user wants."}).overall.conversation_count == 1
