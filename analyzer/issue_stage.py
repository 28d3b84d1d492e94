"""The last stage of a run: bring the groups of findings and intents up to date, and the issues that they are.

Findings with a key are grouped by it, all others by meaning, family by family. Intents are what conversations asked for,
served or not. Ids, names and what people decided hold from run to run.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from analyzer.cluster_stage import (
    Before,
    ClusterRows,
    Means,
    Owner,
    add_rows,
    cluster_items,
    forget,
    load_before,
)
from analyzer.clusters.keep import Item, Known
from analyzer.clusters.naming import Named
from analyzer.edits import Edit, Edits, in_effect
from analyzer.issues import (
    FindingRow,
    FormerIssue,
    Group,
    Issue,
    Population,
    assign,
    items_by_family,
    keyed_groups,
    ranked,
    title_of,
)
from analyzer.result_rows import Row, Stamp
from analyzer.text import wish_of
from schemas.database import Database


class IssueCounts(NamedTuple):
    """How many issues there are, how many findings are not yet a pattern, and what to know of how groups were cut."""

    issues: int
    unpatterned: int
    notes: tuple[str, ...]


def update_issues(database: Database, means: Means, stamp: Stamp) -> IssueCounts:
    """Bring issues, their findings, clusters and intents up to date with all conversations.

    Rows of links and clusters are written before those of issues, so that no issue is seen without its evidence.
    """
    findings, former, populations = _findings(database), _former(database), _populations(database)
    requests, edits, before = _requests(database), _edits(database), database.query("former_clusters")
    rows, unpatterned = ClusterRows(), 0
    issue_rows: list[Row] = []
    counted: dict[str, dict[str, tuple[Owner, Issue]]] = defaultdict(dict)
    owned: dict[tuple[str, str], tuple[str, str]] = {}  # (tenant, finding) to (issue, conversation)
    for owner in sorted(findings.keys() | former.keys() | requests.keys() | {_owner(row) for row in before}):
        own, decided = findings.get(owner, []), edits.get(owner[0], Edits())
        old = _with_issues(load_before(database, owner, "findings", before), former.get(owner, ()))
        groups, loose_count = _groups(own, old, means, decided, owner, stamp, rows)
        unpatterned += loose_count
        population = populations.get(owner, Population(0, 0))
        issues = assign(groups, former.get(owner, ()), population, decided, now_ns=stamp.version)
        counted[owner[0]].update({issue.id: (owner, issue) for issue in issues})
        droppable = [issue for issue in former.get(owner, ()) if issue.id not in decided.pinned]
        issue_rows.extend(_gone(owner, droppable, issues, stamp))
        conversation_of = {finding.id: finding.conversation_id for finding in own}
        for issue in issues:
            owned.update({(owner[0], f): (issue.id, conversation_of[f]) for f in issue.finding_ids})
        intents = load_before(database, owner, "intents", before)
        _add_intents(requests.get(owner, ()), intents, means, owner, stamp, rows)
    for of_tenant in counted.values():
        inbox = ranked(issue for _, issue in of_tenant.values())
        issue_rows.extend(_issue_row(of_tenant[issue.id][0], issue, means, stamp) for issue in inbox)
    token = f"{stamp.run_id}/issues"
    database.insert("issue_finding_log", _link_rows(owned, former, stamp), token=f"{token}/links")
    rows.write(database, token)
    database.insert("issue_log", issue_rows, token=f"{token}/issues")
    return IssueCounts(sum(not row["is_deleted"] for row in issue_rows), unpatterned, tuple(rows.notes))


def _groups(
    findings: Sequence[FindingRow],
    before: Before,
    means: Means,
    edits: Edits,
    owner: Owner,
    stamp: Stamp,
    rows: ClusterRows,
) -> tuple[list[Group], int]:
    """All groups of one service, and how many findings belong to none; adds the rows of the clusters."""
    by_id = {finding.id: finding for finding in findings}
    said = {finding.id: finding.subject or finding.told for finding in findings}
    groups = keyed_groups(findings, "/".join(owner))
    by_family, loose_count = items_by_family(findings), 0
    for family in sorted(by_family.keys() | set(before.family_of.values())):
        items: Sequence[Item] = by_family.get(family, ())  # type: ignore[call-overload]  # families of rows are text
        named, clustering = cluster_items(
            items, said, before, means, kind="findings", owner=owner, family=family, edits=edits
        )
        shown = [one for one in named if not one.cluster.is_held_back]
        groups += [group_of(one, by_id) for one in shown]
        loose_count += len(items) - sum(len(one.cluster.items) for one in shown)
        add_rows(
            rows, named, clustering, items, before, means, stamp, kind="findings", owner=owner, family=family,
            issue_of={one.cluster.id: edits.resolve(one.cluster.id) for one in shown},
        )  # fmt: skip
    grouped = {item.id for items in by_family.values() for item in items}
    forget(rows, sorted(before.places.keys() - grouped), kind="findings", owner=owner, stamp=stamp)
    return groups, loose_count


def group_of(one: Named, by_id: Mapping[str, FindingRow]) -> Group:
    """Return a cluster of findings as the group that an issue is made of."""
    members = tuple(sorted((by_id[item.id] for item in one.cluster.items), key=lambda f: (f.time_ns, f.id)))
    code, title = title_of(members, one.name.text, by_model=one.name.by != "terms")
    cluster = one.cluster
    return Group(
        cluster.id, members[0].family, code, title, "", members, one.terms, cluster.badge, cluster.stability,
        *cluster.interval,
    )  # fmt: skip


def _add_intents(
    items: Sequence[Item], before: Before, means: Means, owner: Owner, stamp: Stamp, rows: ClusterRows
) -> None:
    said = {item.id: item.text for item in items}
    named, clustering = cluster_items(items, said, before, means, kind="intents", owner=owner)
    add_rows(rows, named, clustering, items, before, means, stamp, kind="intents", owner=owner)
    forget(rows, sorted(before.places.keys() - said.keys()), kind="intents", owner=owner, stamp=stamp)


def _with_issues(before: Before, former: Sequence[FormerIssue]) -> Before:
    """Where no members were stored yet, the issues of before tell who belonged together."""
    if before.places:
        return before
    known = tuple(Known(i.id, "", i.finding_ids, i.finding_ids) for i in former if i.finding_ids)
    return Before(known, family_of={issue.id: issue.family for issue in former})


def _owner(row: Row) -> Owner:
    return (row["tenant"], row["service_name"])


def _requests(database: Database) -> dict[Owner, list[Item]]:
    found: dict[Owner, list[Item]] = defaultdict(list)
    for row in database.query("current_requests"):
        id = row["conversation_id"]
        found[_owner(row)].append(Item(id, wish_of(row["request"]) or row["request"], id, row["user_id"]))
    return found


def _edits(database: Database) -> dict[str, Edits]:
    made: dict[str, list[Edit]] = defaultdict(list)
    for row in database.query("issue_edits"):
        made[row["tenant"]].append(
            Edit(
                row["edit_id"], row["action"], row["issue_id"], row["decided_ns"], row["target_id"], row["name"],
                tuple(row["finding_ids"]),
            )
        )  # fmt: skip
    return {tenant: in_effect(edits) for tenant, edits in made.items()}


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


def _issue_row(owner: Owner, issue: Issue, means: Means, stamp: Stamp) -> Row:
    fields = {name: getattr(issue, name) for name in Issue.__slots__ if name not in ("id", "finding_ids")}
    made = {
        "grouped_by": "key" if issue.group_key else "cluster",
        "embedder": "" if issue.group_key else means.embedder.name,
    }
    return {"tenant": owner[0], "service_name": owner[1], "issue_id": issue.id} | fields | made | stamp.columns


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
