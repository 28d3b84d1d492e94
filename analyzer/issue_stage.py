"""The last stage of a run: group all findings of today anew, keep the ids of issues, write what changed."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from analyzer.issues import FindingRow, FormerIssue, Group, Issue, Population, assign, is_pattern, make_groups, ranked
from analyzer.models import Embedder
from analyzer.result_rows import Row, Stamp
from schemas.database import Database

Owner = tuple[str, str]  # tenant and service


class IssueCounts(NamedTuple):
    """How many issues there are, and how many groups are not yet a pattern."""

    issues: int
    unpatterned: int


def update_issues(database: Database, embedder: Embedder, stamp: Stamp) -> IssueCounts:
    """Bring issues, their findings and clusters up to date with the findings of all conversations.

    Rows of links and clusters are written before those of issues, so that no issue is seen without its evidence.
    """
    findings, former, populations = _findings(database), _former(database), _populations(database)
    issue_rows: list[Row] = []
    counted: dict[str, dict[str, tuple[Owner, Issue]]] = defaultdict(dict)
    cluster_rows: list[Row] = []
    owned: dict[tuple[str, str], tuple[str, str]] = {}  # (tenant, finding) to (issue, conversation)
    for owner in sorted(findings.keys() | former.keys()):
        groups = make_groups(findings.get(owner, ()), embedder)
        population = populations.get(owner, Population(0, 0))
        issues = assign(groups, former.get(owner, ()), population, owner="/".join(owner), now_ns=stamp.version)
        counted[owner[0]].update({issue.id: (owner, issue) for issue in issues})
        issue_rows.extend(_gone(owner, former.get(owner, ()), issues, stamp))
        cluster_rows.extend(_cluster_rows(owner, groups, issues, embedder, stamp))
        conversation_of = {finding.id: finding.conversation_id for finding in findings.get(owner, ())}
        for issue in issues:
            owned.update({(owner[0], f): (issue.id, conversation_of[f]) for f in issue.finding_ids})
    for of_tenant in counted.values():
        inbox = ranked(issue for _, issue in of_tenant.values())
        issue_rows.extend(_issue_row(of_tenant[issue.id][0], issue, embedder, stamp) for issue in inbox)
    token = f"{stamp.run_id}/issues"
    database.insert("issue_finding_log", _link_rows(owned, former, stamp), token=f"{token}/links")
    database.insert(
        "cluster_log", [*cluster_rows, *_gone_clusters(database, cluster_rows, stamp)], token=f"{token}/clusters"
    )
    database.insert("issue_log", issue_rows, token=f"{token}/issues")
    live = [row for row in issue_rows if not row["is_deleted"]]
    return IssueCounts(len(live), sum(not row["issue_id"] for row in cluster_rows))


def _findings(database: Database) -> dict[Owner, list[FindingRow]]:
    found: dict[Owner, list[FindingRow]] = defaultdict(list)
    for row in database.query("current_findings"):
        owner = (row.pop("tenant"), row.pop("service_name"))
        found[owner].append(FindingRow(id=row.pop("finding_id"), components=tuple(row.pop("components")), **row))
    return found


def _former(database: Database) -> dict[Owner, list[FormerIssue]]:
    found: dict[Owner, list[FormerIssue]] = defaultdict(list)
    for row in database.query("former_issues"):
        found[(row["tenant"], row["service_name"])].append(
            FormerIssue(
                row["issue_id"], row["title"], row["family"], row["created_ns"], row["first_seen_ns"],
                frozenset(row["finding_ids"]), row["decision"], row["decided_ns"],
            )
        )  # fmt: skip
    return found


def _populations(database: Database) -> dict[Owner, Population]:
    return {
        (row["tenant"], row["service_name"]): Population(row["conversation_count"], row["user_count"])
        for row in database.query("populations")
    }


def _issue_row(owner: Owner, issue: Issue, embedder: Embedder, stamp: Stamp) -> Row:
    fields = {name: getattr(issue, name) for name in Issue.__slots__ if name not in ("id", "finding_ids")}
    means = {
        "method": stamp.method,
        "model": stamp.model,
        "grouped_by": "key" if issue.group_key else "cluster",
        "embedder": "" if issue.group_key else embedder.name,
    }
    return {"tenant": owner[0], "service_name": owner[1], "issue_id": issue.id} | fields | means | stamp.columns


def _gone(owner: Owner, former: Sequence[FormerIssue], issues: Sequence[Issue], stamp: Stamp) -> list[Row]:
    kept = {issue.id for issue in issues}
    base = {"tenant": owner[0], "service_name": owner[1]} | stamp.columns | {"is_deleted": 1}
    return [base | {"issue_id": issue.id} for issue in former if issue.id not in kept]


def _link_rows(
    owned: dict[tuple[str, str], tuple[str, str]], former: dict[Owner, list[FormerIssue]], stamp: Stamp
) -> list[Row]:
    """Links that are new or lead elsewhere now, and those that are gone."""
    before = {
        (owner[0], finding_id): issue.id
        for owner, issues in former.items() for issue in issues for finding_id in issue.finding_ids
    }  # fmt: skip
    rows: list[Row] = [
        {"tenant": tenant, "finding_id": finding_id, "issue_id": issue_id, "conversation_id": conversation_id}
        | stamp.columns
        for (tenant, finding_id), (issue_id, conversation_id) in owned.items()
        if before.get((tenant, finding_id)) != issue_id
    ]
    gone = [
        {"tenant": tenant, "finding_id": finding_id} | stamp.columns | {"is_deleted": 1}
        for tenant, finding_id in before.keys() - owned.keys()
    ]
    return rows + sorted(gone, key=lambda row: (row["tenant"], row["finding_id"]))


def _cluster_rows(
    owner: Owner, groups: Sequence[Group], issues: Sequence[Issue], embedder: Embedder, stamp: Stamp
) -> list[Row]:
    issue_of = {finding_id: issue.id for issue in issues for finding_id in issue.finding_ids}
    return [
        {
            "tenant": owner[0],
            "cluster_id": min(finding.id for finding in group.findings),
            "kind": "findings",
            "service_name": owner[1],
            "family": group.family,
            "title": group.title,
            "terms": list(group.terms),
            "issue_id": issue_of[group.findings[0].id] if is_pattern(group) else "",
            "finding_count": len(group.findings),
            "conversation_count": len({finding.conversation_id for finding in group.findings}),
            "embedder": embedder.name,
        } | stamp.columns
        for group in groups
        if not group.group_key
    ]  # fmt: skip


def _gone_clusters(database: Database, rows: Sequence[Row], stamp: Stamp) -> list[Row]:
    kept = {(row["tenant"], row["cluster_id"]) for row in rows}
    former = ((row["tenant"], row["cluster_id"]) for row in database.query("former_clusters"))
    return [
        {"tenant": tenant, "cluster_id": cluster_id} | stamp.columns | {"is_deleted": 1}
        for tenant, cluster_id in former
        if (tenant, cluster_id) not in kept
    ]
