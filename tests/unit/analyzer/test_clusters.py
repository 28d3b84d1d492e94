"""Groups of like findings: stable, order-free, named by what they share, ranked by what is certain."""

import random

import numpy as np
import pytest

from analyzer.cluster import cluster, members_of
from analyzer.issues import FindingRow, FormerIssue, Population, assign, make_groups
from analyzer.light_embedder import LightEmbedder
from analyzer.naming import name_clusters
from analyzer.statistics import wilson

WISHES = {
    "address": [
        "change delivery address",
        "change the address of my delivery",
        "delivery address change",
        "new delivery address",
    ],
    "invoice": ["download invoice as pdf", "invoice download", "get the invoice pdf", "download my invoice"],
    "seat": ["choose window seat", "window seat selection", "select a window seat"],
}


def row(number: int, subject: str, **others: object) -> FindingRow:
    """A finding of a conversation and user of its own."""
    fields: dict[str, object] = {
        "id": f"f{number:03}", "conversation_id": f"c{number}", "user_id": f"u{number}", "outcome": "not", "turn": 1,
        "time_ns": number, "family": "missing_capability", "code": "tool_absent", "confidence": "medium",
        "is_root": True, "is_recovered": False, "subject": subject, "operation": "", "title": "", "group_key": "",
    }  # fmt: skip
    return FindingRow(**(fields | others))  # type: ignore[arg-type]  # fields by name


def test_wishes_of_one_kind_come_together() -> None:
    """Three kinds of wishes in any wording are three groups, whatever their order."""
    texts = [text for kind in WISHES.values() for text in kind]
    kinds = [kind for kind, listed in WISHES.items() for _ in listed]
    order = list(range(len(texts)))
    random.Random(3).shuffle(order)
    labels = cluster([texts[i] for i in order], LightEmbedder())
    found = {frozenset(kinds[order[i]] for i in members) for members in members_of(labels)}
    assert found == {frozenset({kind}) for kind in WISHES}


def test_repeats_change_no_group() -> None:
    """A text said a hundred times weighs as much in the grouping as one said once."""
    texts = [text for kind in WISHES.values() for text in kind]
    once = cluster(texts, LightEmbedder())
    often = cluster([*texts, *[texts[0]] * 100], LightEmbedder())
    assert np.array_equal(once, often[: len(texts)])
    assert set(often[len(texts) :]) == {often[0]}


@pytest.mark.parametrize("texts", [[], ["one"], ["", ""], ["the", "a", "of"], ["请帮我", "请帮我"]])
def test_few_or_empty_texts_are_grouped_too(texts: list[str]) -> None:
    """Nothing, one text, no words and no spaces: each has a label."""
    assert len(cluster(texts, LightEmbedder())) == len(texts)


@pytest.mark.slow
def test_many_texts_are_grouped_by_density() -> None:
    """Hundreds of distinct wishes: those of a kind mostly share a label, and two runs agree."""
    kinds = ["cancel flight ticket", "pdf invoice download", "window seat choice", "hotel room upgrade"]
    texts = [f"{kind} {chr(97 + i % 26)}{chr(97 + i // 26)}x" for kind in kinds for i in range(110)]
    labels = cluster(texts, LightEmbedder())
    assert np.array_equal(labels, cluster(texts, LightEmbedder()))
    for members in members_of(labels):
        assert len({texts[i].split()[0] for i in members}) == 1


def test_names_are_phrases_of_what_is_shared() -> None:
    """The name is said by a member, in its order of words, and differs between siblings."""
    names = [phrase for phrase, _ in name_clusters([*WISHES.values()])]
    assert names[0] in ("delivery address", "change delivery address", "delivery address change")
    assert len(set(names)) == 3


def test_what_one_person_alone_said_is_in_no_name() -> None:
    """A word of a single member never reaches a title."""
    ((phrase, terms),) = name_clusters(
        [["cancel subscription margot", "cancel subscription now", "subscription cancel"]]
    )
    assert "margot" not in phrase
    assert "margot" not in terms


def test_two_conversations_make_a_pattern_and_one_does_not() -> None:
    """A single wish waits; a machine-readable failure is an issue at once."""
    wishes = [row(1, "change delivery address"), row(2, "change delivery address"), row(3, "choose window seat")]
    failure = row(4, "", family="technical_error", code="timeout", group_key="v1:abc", title="pay: timed out")
    issues = assign(make_groups([*wishes, failure], LightEmbedder()), [], Population(50, 50), owner="t/s", now_ns=9)
    assert {issue.title for issue in issues} == {"No tool for: change delivery address", "pay: timed out"}


def test_ids_follow_the_findings_not_the_words() -> None:
    """An issue whose findings mostly stay keeps its id, though title and size change; a strange one gets a new id."""
    first = assign(
        make_groups([row(1, "change delivery address"), row(2, "change delivery address")], LightEmbedder()),
        [],
        Population(9, 9),
        owner="t/s",
        now_ns=1,
    )
    former = [
        FormerIssue(i.id, i.title, i.family, i.created_ns, i.first_seen_ns, frozenset(i.finding_ids)) for i in first
    ]
    grown = [row(n, "change the delivery address of my order") for n in range(1, 6)] + [
        row(n, "window seat") for n in (7, 8)
    ]
    second = assign(make_groups(grown, LightEmbedder()), former, Population(9, 9), owner="t/s", now_ns=2)
    ids = {issue.conversation_count: issue.id for issue in second}
    assert ids[5] == first[0].id
    assert ids[2] != first[0].id


def test_a_certain_large_issue_outranks_a_small_one() -> None:
    """Two of two users is a share of 1 with a low bound; sixty of a hundred is worth more."""
    few = [row(n, "x", family="technical_error", code="exception", group_key="v1:few", title="a") for n in range(2)]
    many = [row(n, "y", family="technical_error", code="exception", group_key="v1:many", title="b") for n in range(60)]
    issues = assign(make_groups([*few, *many], LightEmbedder()), [], Population(100, 100), owner="", now_ns=1)
    assert [issue.title for issue in issues] == ["b", "a"]
    assert issues[0].score == pytest.approx(issues[0].share_low * issues[0].severity * issues[0].certainty)


def test_what_a_rule_declined_has_no_rank() -> None:
    """Counted, never ranked."""
    rows = [row(n, "refund of fare", family="user_or_policy", code="correct_refusal") for n in range(5)]
    (issue,) = assign(make_groups(rows, LightEmbedder()), [], Population(9, 9), owner="", now_ns=1)
    assert (issue.rank, issue.score, issue.conversation_count) == (0, 0.0, 5)


def test_conversations_count_where_users_are_unknown() -> None:
    """Without user ids the share is of conversations."""
    rows = [row(n, "change delivery address", user_id="") for n in range(3)]
    (issue,) = assign(make_groups(rows, LightEmbedder()), [], Population(10, 0), owner="", now_ns=1)
    assert (issue.share_of, issue.affected_count, issue.eligible_count) == ("conversations", 3, 10)


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 0.0)],
)
def test_wilsons_interval(count: int, total: int, low: float, high: float) -> None:
    """Values of the published formula."""
    share = wilson(count, total)
    assert share.low == pytest.approx(low, abs=1e-4)
    assert share.high == pytest.approx(high, abs=1e-4)
