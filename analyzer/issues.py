"""Findings that mean the same become one issue: kept under one id over runs, counted, and ranked.

    technical errors, loops     one issue per group key; the id follows from the key, so it never changes
    all others                  one issue per cluster that is shown, under the cluster's id
    merged by people            one issue for all that was merged, under the id merged into

Rank: lower bound of the share of users hurt (of conversations, where users are unknown) x severity (how badly their
conversations ended) x certainty (how sure the detectors are). The factors are stored beside the score. What a rule
rightly declined is counted and has rank 0.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analyzer.clusters.keep import Item
from analyzer.clusters.stability import Badge
from analyzer.edits import Edits
from analyzer.statistics import wilson
from schemas.families import UNRANKED, Code, Confidence, Family, Outcome

Status = Literal["new", "ongoing", "regressed", "resolved", "ignored"]
Method = Literal["detectors", "model", "both"]

_NEW_NS = 7 * 24 * 3600 * 10**9  # an issue counts as new for a week
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
    "wrong_tool": "Wrong tool for",
    "loop": "Repeats itself",
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
    told: str = ""  # the statement of a model; those of detectors are templates and tell two mistakes not apart
    model: str = ""  # who said so; empty for detectors


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
    """Findings that mean the same. `stability` says whether the group would be found again; keys always are."""

    id: str
    family: Family
    code: Code
    title: str
    group_key: str
    findings: tuple[FindingRow, ...]
    terms: tuple[str, ...] = ()
    badge: Badge = "stable"
    stability: float = 1.0
    stability_low: float = 1.0
    stability_high: float = 1.0


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as people see it. `share` is of users (`share_of` = users) or of conversations.

    `method` and `model` say who found its findings, in whichever runs: `both` where detectors found some, models others.
    """

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
    badge: Badge
    stability: float
    stability_low: float
    stability_high: float
    method: Method
    model: str
    resolved_ns: int = 0
    rank: int = 0


def keyed_groups(findings: Sequence[FindingRow], owner: str) -> list[Group]:
    """Group by key the findings that have one; their ids follow from owner and key."""
    keyed: dict[str, list[FindingRow]] = defaultdict(list)
    for finding in sorted(findings, key=lambda finding: (finding.time_ns, finding.id)):
        if key := group_key(finding):
            keyed[key].append(finding)
    return [_keyed_group(_hash(owner, key), key, tuple(members)) for key, members in keyed.items()]


def items_by_family(findings: Sequence[FindingRow]) -> dict[Family, list[Item]]:
    """Return what is grouped by meaning, family by family: what was wanted, no ids, no names, no scores."""
    found: dict[Family, list[Item]] = defaultdict(list)
    for finding in findings:
        if not group_key(finding):
            found[finding.family].append(Item(finding.id, _text(finding), finding.conversation_id, finding.user_id))
    return dict(found)


def _text(finding: FindingRow) -> str:
    # Two ways to lack a tool are one wish, two kinds of mistakes are not; and the tool that found nothing is part of
    # what was missing, while the one that handed over says nothing of the wish.
    code = "" if finding.family.startswith("missing") else finding.code.replace("_", " ")
    tool = finding.operation.replace("_", " ").replace(".", " ") if finding.family == "missing_inventory" else ""
    told = finding.told if code else ""
    return " ".join(part for part in (code, told, finding.subject, tool) if part)


def group_key(finding: FindingRow) -> str:
    """The machine-readable identity of a finding; empty where only its meaning groups it, as that of a model's claim."""
    if finding.group_key:
        return finding.group_key
    is_seen = finding.code in ("loop", "wrong_tool") and finding.operation
    return f"v1:{finding.code}:{finding.operation}" if is_seen else ""


def assign(
    groups: Iterable[Group], former: Sequence[FormerIssue], population: Population, edits: Edits, *, now_ns: int
) -> list[Issue]:
    """Give each group its numbers, together with those that people merged into it; `ranked` gives ranks.

    Args:
        groups: of one service.
        former: issues of the service as the last run left them.
        population: whom they could have hurt.
        edits: what people decided.
        now_ns: when the run began.
    """
    parts: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        parts[edits.resolve(group.id)].append(group)
    by_id = {issue.id: issue for issue in former}
    return [
        _count(issue_id, _united(issue_id, merged, edits), by_id.get(issue_id), population, now_ns)
        for issue_id, merged in sorted(parts.items())
    ]


def _united(issue_id: str, groups: Sequence[Group], edits: Edits) -> Group:
    """One group of several: what it is follows from the one merged into, else from the largest."""
    head = max(groups, key=lambda group: (group.id == issue_id, len(group.findings), group.id))
    findings = tuple(sorted((f for group in groups for f in group.findings), key=lambda f: (f.time_ns, f.id)))
    return replace(head, findings=findings, title=edits.names.get(issue_id, head.title))


def _keyed_group(id: str, key: str, members: tuple[FindingRow, ...]) -> Group:
    first = next((finding for finding in members if finding.is_root), members[0])
    loops = {
        "loop": f"Repeats {first.operation} without progress",
        "wrong_tool": f"Calls {first.operation}, which it was not offered",
    }
    return Group(id, first.family, first.code, first.title or loops.get(first.code, first.code), key, members)


def title_of(members: Sequence[FindingRow], name: str, *, by_model: bool) -> tuple[Code, str]:
    """Return the commonest code of a cluster's findings, and a title that says what is wrong with what.

    A model's name of a mistake says that itself.
    """
    code = Counter(finding.code for finding in members).most_common(1)[0][0]
    if by_model and name and not members[0].family.startswith("missing"):
        return code, name
    tools = Counter(finding.operation for finding in members if finding.operation and finding.code == "content_absent")
    if tools and members[0].family == "missing_inventory":
        tool = tools.most_common(1)[0][0]
        return code, f"{tool} finds nothing" + f": {name}" * bool(name)
    return code, f"{_TITLES.get(code, code.replace('_', ' ').capitalize())}: {name or 'wishes without a common word'}"


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
        first, last, created, group.badge, group.stability, group.stability_low, group.stability_high,
        *_found_by(findings), former.decided_ns if former and former.decision == "resolved" else 0,
    )  # fmt: skip


def _found_by(findings: Sequence[FindingRow]) -> tuple[Method, str]:
    models = {finding.model for finding in findings}
    method: Method = "detectors" if models == {""} else "both" if "" in models else "model"
    return method, ", ".join(sorted(models - {""}))


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
