"""Issues: like findings together, named by what they share, ranked by what is certain."""

import random
from collections.abc import Sequence

import pytest

from analyzer.cluster_stage import Before, Means, cluster_items
from analyzer.clusters.keep import Known
from analyzer.clusters.naming import in_short
from analyzer.clusters.terms import name_clusters
from analyzer.edits import Edits
from analyzer.issue_stage import group_of
from analyzer.issues import (
    FindingRow,
    Group,
    Issue,
    Population,
    assign,
    items_by_family,
    keyed_groups,
    ranked,
    title_of,
)
from analyzer.light_embedder import LightEmbedder
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


FIFTY = Population(50, 50)


def issues_of(
    rows: list[FindingRow], former: Sequence[Issue] = (), population: Population = FIFTY, now_ns: int = 9
) -> list[Issue]:
    """The issues of findings, as a run makes them, and after those of `former`."""
    by_id = {finding.id: finding for finding in rows}
    groups = keyed_groups(rows, "t/s")
    for family, items in items_by_family(rows).items():
        said = {finding.id: finding.subject for finding in rows}
        known = tuple(Known(i.id, "", frozenset(i.finding_ids), frozenset(i.finding_ids)) for i in former)
        before = Before(known, family_of={issue.id: issue.family for issue in former})
        named, _ = cluster_items(
            items, said, before, Means(LightEmbedder()), kind="findings", owner=("t", "s"), family=family
        )
        groups += [group_of(one, by_id) for one in named if not one.cluster.is_held_back]
    return ranked(assign(groups, [], population, Edits(), now_ns=now_ns))


def test_wishes_of_one_kind_come_together() -> None:
    """Three kinds of wishes in any wording are three issues, whatever their order."""
    kinds = [(kind, text) for kind, listed in WISHES.items() for text in listed]
    rows = [row(n, text) for n, (_, text) in enumerate(kinds)]
    random.Random(3).shuffle(rows)
    found = {frozenset(kinds[int(id[1:])][0] for id in issue.finding_ids) for issue in issues_of(rows)}
    assert found == {frozenset({kind}) for kind in WISHES}


@pytest.mark.parametrize("texts", [["one"], ["", ""], ["the", "a", "of"], ["请帮我", "请帮我"]])
def test_few_or_empty_texts_are_grouped_too(texts: list[str]) -> None:
    """One text, no words and no spaces: what is said twice is an issue, what is said once is not."""
    issues = issues_of([row(n, text) for n, text in enumerate(texts)])
    assert sum(issue.conversation_count for issue in issues) in (0, len(texts))
    assert bool(issues) == (len(set(texts)) < len(texts))


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
    assert {issue.title for issue in issues_of([*wishes, failure])} == {
        "No tool for: change delivery address",
        "pay: timed out",
    }


def test_ids_follow_the_findings_not_the_words() -> None:
    """An issue whose findings mostly stay keeps its id, though title and size change; a strange one gets a new id."""
    first = issues_of([row(1, "change delivery address"), row(2, "change delivery address")])
    grown = [row(n, "change the delivery address of my order") for n in range(1, 6)]
    second = issues_of([*grown, *(row(n, "window seat") for n in (7, 8))], first)
    ids = {issue.conversation_count: issue.id for issue in second}
    assert ids[5] == first[0].id
    assert ids[2] != first[0].id


def test_issues_that_people_merged_are_one_under_the_id_merged_into() -> None:
    """Counts are of both, the title is the one people gave."""
    rows = [row(n, "change delivery address") for n in (1, 2)] + [row(n, "window seat") for n in (7, 8, 9)]
    address, seat = sorted(issues_of(rows), key=lambda issue: issue.conversation_count)
    by_id = {finding.id: finding for finding in rows}
    groups = [
        Group(i.id, i.family, i.code, i.title, "", tuple(by_id[id] for id in i.finding_ids)) for i in (address, seat)
    ]
    edits = Edits(merged={seat.id: address.id}, names={address.id: "What we do not offer"})
    (merged,) = assign(groups, [], Population(50, 50), edits, now_ns=9)
    assert (merged.id, merged.title, merged.conversation_count) == (address.id, "What we do not offer", 5)


def test_a_certain_large_issue_outranks_a_small_one() -> None:
    """Two of two users is a share of 1 with a low bound; sixty of a hundred is worth more."""
    few = [row(n, "x", family="technical_error", code="exception", group_key="v1:few", title="a") for n in range(2)]
    many = [row(n, "y", family="technical_error", code="exception", group_key="v1:many", title="b") for n in range(60)]
    issues = issues_of([*few, *many], population=Population(100, 100))
    assert [issue.title for issue in issues] == ["b", "a"]
    assert issues[0].score == pytest.approx(issues[0].share_low * issues[0].severity * issues[0].certainty)


def test_what_a_rule_declined_has_no_rank() -> None:
    """Counted, never ranked."""
    rows = [row(n, "refund of fare", family="user_or_policy", code="correct_refusal") for n in range(5)]
    (issue,) = issues_of(rows)
    assert (issue.rank, issue.score, issue.conversation_count) == (0, 0.0, 5)


def test_conversations_count_where_users_are_unknown() -> None:
    """Without user ids the share is of conversations."""
    rows = [row(n, "change delivery address", user_id="") for n in range(3)]
    (issue,) = issues_of(rows, population=Population(10, 0))
    assert (issue.share_of, issue.affected_count, issue.eligible_count) == ("conversations", 3, 10)


def test_a_group_of_few_is_tentative_and_a_key_is_sure() -> None:
    """What is grouped by meaning among few findings says so; what a machine told needs no such doubt."""
    failures = [row(n, "y", family="technical_error", code="timeout", group_key="v1:t", title="b") for n in (4, 5)]
    badges = {issue.family: issue.badge for issue in issues_of([row(1, "seat"), row(2, "seat"), *failures])}
    assert badges == {"missing_capability": "tentative", "technical_error": "stable"}


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 0.0)],
)
def test_wilsons_interval(count: int, total: int, low: float, high: float) -> None:
    """Values of the published formula."""
    share = wilson(count, total)
    assert share.low == pytest.approx(low, abs=1e-4)
    assert share.high == pytest.approx(high, abs=1e-4)


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["change delivery address", "new delivery address"], "delivery address"),
        (["API tokens", "API version"], "API, such as API version"),
        (["reschedule", "reschedule", "reschedule and cancel"], "reschedule"),
        (["PHL ORD", "PHL ORD", "MCO JFK", "LAX SFO", "IAH BOS"], "PHL ORD, among others"),
        (["gyms near me", "board members of the company"], "board members of the company, among others"),
        (["could you", "can you please"], ""),
    ],
    ids=["shared", "one word", "one word is all", "few", "nothing shared", "nothing said"],
)
def test_a_name_promises_no_more_than_its_members_share(texts: list[str], name: str) -> None:
    """One word gets an instance beside it; what most are not about is marked as one of several."""
    ((phrase, terms),) = name_clusters([texts])
    assert in_short(phrase or ", ".join(terms[:3]), texts) == name


def test_a_lookup_that_finds_nothing_in_particular_is_titled_by_its_tool() -> None:
    """Without a name there is nothing to add to what failed."""
    member = row(1, "", family="missing_inventory", code="content_absent", operation="get_order")
    assert title_of([member], "", by_model=False) == ("content_absent", "get_order finds nothing")


@pytest.mark.parametrize(
    ("models", "method", "model"),
    [(["", ""], "detectors", ""), (["m", "m"], "model", "m"), (["", "m"], "both", "m"), (["m", "n"], "model", "m, n")],
)
def test_an_issue_is_of_those_who_found_its_findings(models: list[str], method: str, model: str) -> None:
    """Not of the run that counted it last: a run without a model keeps what one found, and the other way round."""
    (issue,) = issues_of([row(n, "change delivery address", model=found_by) for n, found_by in enumerate(models)])
    assert (issue.method, issue.model) == (method, model)


@pytest.mark.parametrize("code", ["wrong_tool", "loop"])
def test_a_mistake_is_keyed_by_the_tool_that_was_seen(code: str) -> None:
    """A detector's by the call it saw; what a model claims names no call, so only its meaning groups and titles it."""
    mistake = {"family": "agent_mistake", "code": code}
    seen = [row(n, "search hotels", operation="search_hotels", **mistake) for n in (1, 2)]
    claimed = [row(n, "flight to Oslo", model="m", told="The agent searched hotels instead", **mistake) for n in (3, 4)]
    titles = {issue.group_key: issue.title for issue in issues_of([*seen, *claimed])}
    assert titles.keys() == {f"v1:{code}:search_hotels", ""}
    assert "search_hotels" in titles[f"v1:{code}:search_hotels"]
    assert titles[""] == f"{'Wrong tool for' if code == 'wrong_tool' else 'Repeats itself'}: flight to Oslo"
