"""Findings that mean the same become one issue: kept under one id over runs, counted, and ranked.

    technical errors, loops     one issue per group key; the id follows from the key, so it never changes
    all others                  one issue per cluster of at least two conversations; it keeps the id of the former issue
                                that owns most of its findings, else that of the former issue of its title, else is new

Rank: lower bound of the share of users hurt (of conversations, where users are unknown) x severity (how badly their
conversations ended) x certainty (how sure the detectors are). The factors are stored beside the score. What a rule
rightly declined is counted and has rank 0.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analyzer.cluster import cluster, members_of
from analyzer.models import Embedder
from analyzer.naming import name_clusters
from analyzer.statistics import wilson
from analyzer.text import core, stems
from schemas.families import UNRANKED, Code, Confidence, Family, Outcome

Status = Literal["new", "ongoing", "regressed", "resolved", "ignored"]

_NEW_NS = 7 * 24 * 3600 * 10**9  # an issue counts as new for a week
_PATTERN = 2  # conversations from which on a cluster is an issue
_LIKE_WORDS = 6  # of the first member, where no phrase is shared
_SAME_TITLE = 0.6  # Jaccard of the words of two titles
_HARM: dict[Outcome, float] = {"not": 1.0, "partly": 0.7, "unclear": 0.5, "served": 0.3}
_RECOVERED = 0.2  # what is left of the harm where the agent got around the failure
_CERTAINTY: dict[Confidence, float] = {"high": 1.0, "medium": 0.8, "low": 0.5}
_TITLES: dict[Code, str] = {
    "tool_absent": "No tool for",
    "operation_unsupported": "No tool for",
    "integration_not_connected": "Not connected",
    "modality_unsupported": "Cannot handle",
    "content_absent": "Nothing found for",
    "field_not_recorded": "Records do not tell",
    "not_indexed": "Not indexed",
    "stale": "Out of date",
    "false_refusal": "Refuses although a tool covers it",
    "false_promise": "Claims without acting",
    "correct_refusal": "Declined by a rule",
    "out_of_scope": "Out of scope",
}


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What an issue needs to know of a finding and of its conversation."""

    id: str
    conversation_id: str
    user_id: str
    outcome: Outcome
    turn: int
    time_ns: int
    family: Family
    code: Code
    confidence: Confidence
    is_root: bool
    is_recovered: bool
    subject: str
    operation: str
    title: str
    group_key: str
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Population:
    """Whom an issue could have hurt: conversations and known users of one service."""

    conversation_count: int
    user_count: int


@dataclass(frozen=True, slots=True)
class FormerIssue:
    """What the last run and people left of an issue. `finding_ids` are those that it owned."""

    id: str
    title: str
    family: Family
    created_ns: int
    first_seen_ns: int
    finding_ids: frozenset[str] = frozenset()
    decision: Literal["", "resolved", "ignored", "open"] = ""
    decided_ns: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that mean the same, before they have an id."""

    family: Family
    code: Code
    title: str
    group_key: str
    findings: tuple[FindingRow, ...]
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as people see it. `share` is of users (`share_of` = users) or of conversations."""

    id: str
    family: Family
    code: Code
    title: str
    status: Status
    group_key: str
    finding_ids: tuple[str, ...]
    terms: tuple[str, ...]
    components: tuple[str, ...]
    conversation_count: int
    user_count: int
    turn_count: int
    finding_count: int
    recovered_count: int
    affected_count: int
    eligible_count: int
    share_of: Literal["users", "conversations"]
    share: float
    share_low: float
    share_high: float
    severity: float
    certainty: float
    score: float
    first_seen_ns: int
    last_seen_ns: int
    created_ns: int
    resolved_ns: int = 0
    rank: int = 0


def make_groups(findings: Sequence[FindingRow], embedder: Embedder) -> list[Group]:
    """Group findings by key where they have one, else by meaning within family and code."""
    keyed: dict[str, list[FindingRow]] = defaultdict(list)
    meant: dict[tuple[Family, str], list[FindingRow]] = defaultdict(list)
    for finding in sorted(findings, key=lambda finding: (finding.time_ns, finding.id)):
        key = group_key(finding)
        if key:
            keyed[key].append(finding)
        else:
            # Two ways to lack a tool are one wish; a tool and its data, or a rule, are not.
            meant[(finding.family, "" if finding.family == "missing_capability" else finding.code)].append(finding)
    groups = [_keyed_group(key, tuple(members)) for key, members in keyed.items()]
    for members in meant.values():
        groups.extend(_clustered(members, embedder))
    return groups


def group_key(finding: FindingRow) -> str:
    """The machine-readable identity of a finding; empty where only its meaning groups it."""
    if finding.group_key:
        return finding.group_key
    return f"v1:{finding.code}:{finding.operation}" if finding.code in ("loop", "wrong_tool") else ""


def is_pattern(group: Group) -> bool:
    """Whether a group is an issue: a machine-readable failure at once, a wish when two conversations had it."""
    return bool(group.group_key) or len({finding.conversation_id for finding in group.findings}) >= _PATTERN


def assign(
    groups: Iterable[Group], former: Sequence[FormerIssue], population: Population, *, owner: str, now_ns: int
) -> list[Issue]:
    """Give each group that is a pattern its id and its numbers; ranks are given by `ranked`, over all services.

    Args:
        groups: of one service.
        former: issues of the service as the last run left them.
        population: whom they could have hurt.
        owner: tenant and service; part of new ids.
        now_ns: when the run began.
    """
    patterns = sorted((group for group in groups if is_pattern(group)), key=lambda g: (-len(g.findings), g.title))
    by_id = {issue.id: issue for issue in former}
    owned = {finding_id: issue.id for issue in former for finding_id in issue.finding_ids}
    taken: set[str] = set()
    issues = []
    for group in patterns:
        issue_id = _id_of(group, by_id, owned, taken, owner)
        taken.add(issue_id)
        issues.append(_count(issue_id, group, by_id.get(issue_id), population, now_ns))
    return issues


def _keyed_group(key: str, members: tuple[FindingRow, ...]) -> Group:
    first = next((finding for finding in members if finding.is_root), members[0])
    loops = {
        "loop": f"Repeats {first.operation or 'itself'} without progress",
        "wrong_tool": f"Calls {first.operation}, which it was not offered",
    }
    return Group(first.family, first.code, first.title or loops.get(first.code, first.code), key, members)


def _clustered(members: Sequence[FindingRow], embedder: Embedder) -> list[Group]:
    texts = [f"{finding.subject} {_as_words(finding)}".strip() for finding in members]
    clusters = members_of(cluster(texts, embedder))
    named = name_clusters([[members[i].subject or texts[i] for i in positions] for positions in clusters])
    return [
        _wish_group(tuple(members[i] for i in positions), phrase, terms)
        for positions, (phrase, terms) in zip(clusters, named, strict=True)
    ]


def _as_words(finding: FindingRow) -> str:
    """The tool that found nothing is part of what was missing; the tool that handed over says nothing of the wish."""
    return finding.operation.replace("_", " ").replace(".", " ") if finding.family == "missing_inventory" else ""


def _wish_group(members: tuple[FindingRow, ...], phrase: str, terms: tuple[str, ...]) -> Group:
    code = Counter(finding.code for finding in members).most_common(1)[0][0]
    tools = Counter(finding.operation for finding in members if finding.operation and finding.code == "content_absent")
    what = phrase or _instance(members)
    title = f"{_TITLES.get(code, code.replace('_', ' ').capitalize())}: {what}"
    if tools and members[0].family == "missing_inventory":
        tool = tools.most_common(1)[0][0]
        title = f"{tool} finds nothing" + (f": {what}" if what else "")
    return Group(members[0].family, code, title, "", members, terms)


def _instance(members: Sequence[FindingRow]) -> str:
    """What stands for members that share no phrase: the one that says most, marked as one of several."""
    said = max(
        (core(member.subject, limit=_LIKE_WORDS) for member in members), key=lambda text: (len(stems(text)), text)
    )
    return f"{said}, among others" if len(stems(said)) > 1 else "wishes without a common word"


def _id_of(
    group: Group, by_id: Mapping[str, FormerIssue], owned: Mapping[str, str], taken: set[str], owner: str
) -> str:
    if group.group_key:
        return _hash(owner, group.group_key)
    votes = Counter(owned[f.id] for f in group.findings if f.id in owned)
    for issue_id, _ in votes.most_common():
        if issue_id not in taken and by_id[issue_id].family == group.family:
            return issue_id
    words = stems(group.title)
    for issue in by_id.values():
        other = stems(issue.title)
        if (
            issue.family == group.family
            and issue.id not in taken
            and len(words & other) >= _SAME_TITLE * len(words | other)
        ):
            return issue.id
    return _hash(owner, group.family, min(finding.id for finding in group.findings))


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=6).hexdigest()


def _count(issue_id: str, group: Group, former: FormerIssue | None, population: Population, now_ns: int) -> Issue:
    findings = group.findings
    conversations = {finding.conversation_id for finding in findings}
    users = {finding.user_id for finding in findings if finding.user_id}
    # Shares are of users as soon as most conversations say whose they are.
    known = {finding.conversation_id for finding in findings if finding.user_id}
    by_user = population.user_count > 0 and len(known) * 2 > len(conversations)
    affected, eligible = (
        (len(users), population.user_count) if by_user else (len(conversations), population.conversation_count)
    )
    share = wilson(min(affected, eligible), eligible)
    severity, certainty = _severity(findings), _mean([_CERTAINTY[f.confidence] for f in findings if f.is_root])
    first, last = min(f.time_ns for f in findings), max(f.time_ns for f in findings)
    first = min(first, former.first_seen_ns) if former else first
    created = former.created_ns if former else now_ns
    return Issue(
        issue_id, group.family, group.code, group.title, status(former, last, created, now_ns), group.group_key,
        tuple(finding.id for finding in findings), group.terms, findings[0].components,
        len(conversations), len(users), len({(f.conversation_id, f.turn) for f in findings}),
        sum(f.is_root for f in findings), sum(f.is_recovered for f in findings),
        affected, eligible, "users" if by_user else "conversations",
        share.value, share.low, share.high, severity, certainty,
        0.0 if group.family in UNRANKED else share.low * severity * certainty,
        first, last, created, former.decided_ns if former and former.decision == "resolved" else 0,
    )  # fmt: skip


def status(former: FormerIssue | None, last_seen_ns: int, created_ns: int, now_ns: int) -> Status:
    """Where an issue stands: what people decided, unless it was seen again since it was resolved."""
    if former and former.decision == "ignored":
        return "ignored"
    if former and former.decision == "resolved":
        return "regressed" if last_seen_ns > former.decided_ns else "resolved"
    return "new" if now_ns - created_ns < _NEW_NS else "ongoing"


def _severity(findings: Sequence[FindingRow]) -> float:
    """Mean harm over the conversations: each counts once, by its worst finding."""
    worst: dict[str, float] = defaultdict(float)
    for finding in findings:
        harm = _HARM[finding.outcome] * (_RECOVERED if finding.is_recovered else 1.0)
        worst[finding.conversation_id] = max(worst[finding.conversation_id], harm)
    return _mean(list(worst.values()))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def ranked(issues: Iterable[Issue]) -> list[Issue]:
    """Issues of any number of services with ranks from 1 by score, so that a team has one inbox.

    Rank 0 is of what is counted only. Those resolved or ignored come after the open ones.
    """

    def order(issue: Issue) -> tuple[bool, float, int, str]:
        return (issue.status in ("resolved", "ignored"), -issue.score, -issue.conversation_count, issue.id)

    result, rank = [], 0
    for issue in sorted(issues, key=order):
        rank += issue.family not in UNRANKED
        result.append(replace(issue, rank=0 if issue.family in UNRANKED else rank))
    return result
