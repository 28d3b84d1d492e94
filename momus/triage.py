"""What people decide about issues: resolve, ignore, reopen, merge, split, rename, pin, and take back.

A decision is a row. Status and title hold at once, as the view `issues` reads them; what moves findings is done by the
next run of the analyzer. Every run after that applies it anew.
"""

import getpass
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analyzer.edits import Action
from schemas.database import Database, Row
from schemas.errors import BadDecision, NotFound

Decision = Literal["resolved", "ignored", "open"]

NAME_LIMIT = 200  # characters of a title
_LATER = "with the next analysis"


@dataclass(frozen=True, slots=True)
class Decided:
    """What was written, and the command of `momus triage` that takes it back; `edit_id` is empty for a status."""

    said: str
    undo: str
    edit_id: str = ""


def find_issue(database: Database, name: str, tenant: str | None) -> Row:
    """Return tenant, id and title of the issue that `name` names: its id, the beginning of it, or its rank.

    Raises:
        NotFound: no issue or several have that name.
    """
    rows = [
        row for row in database.query("find_noun", name=name.removeprefix("#"), tenant=tenant) if row["noun"] == "issue"
    ]
    exact = [row for row in rows if row["is_exact"]] or rows
    if not exact:
        raise NotFound(f"No issue is called {name}. `momus issues --all` lists them with their ids.")
    if len(exact) > 1:
        listed = ", ".join(f"{row['id']}" + f" of {row['tenant']}" * bool(row["tenant"]) for row in exact[:4])
        raise NotFound(f"{name} names several issues: {listed}. Give more of the id, or choose one with --tenant.")
    (issue,) = database.query("one_issue", tenant=exact[0]["tenant"], issue_id=exact[0]["id"])
    return issue


def decide(database: Database, issue: Row, decision: Decision, *, note: str, now_ns: int) -> Decided:
    """Resolve, ignore or reopen an issue. A resolved one that is seen again after `now_ns` comes back as regressed."""
    row = _key(issue) | {
        "status": decision,
        "decided_ns": now_ns,
        "decided_by": _who(),
        "note": note,
        "version": now_ns,
    }
    database.insert("issue_status_log", [row | {"is_deleted": 0}], token=secrets.token_hex(8))
    back = "" if decision == "open" else f"reopen {issue['issue_id']}"
    return Decided(f"{issue['issue_id']} is {decision}: {issue['title']}", back)


def merge(database: Database, issue: Row, target: Row, *, now_ns: int) -> Decided:
    """Count whatever is found under `issue` under `target` from the next run on.

    Raises:
        BadDecision: they are the same, or of different tenants or services.
    """
    if issue["issue_id"] == target["issue_id"]:
        raise BadDecision("An issue cannot be merged into itself; name two.")
    if (issue["tenant"], issue["service_name"]) != (target["tenant"], target["service_name"]):
        raise BadDecision(
            "Issues of different services or tenants cannot be merged; their shares are of different users."
        )
    said = f"{issue['issue_id']} counts under {target['issue_id']} {_LATER}: {target['title']}"
    return _edit(database, issue, "merge", said, now_ns, target_id=target["issue_id"])


def split(database: Database, issue: Row, conversation_ids: Sequence[str], name: str, *, now_ns: int) -> Decided:
    """Give the findings of some conversations an issue of their own, which new ones that are nearer to them join.

    Raises:
        NotFound: the issue has no finding in one of the conversations.
        BadDecision: nothing would be left.
    """
    rows = database.query("findings_of_issue", tenant=issue["tenant"], issue_id=issue["issue_id"])
    missing = [id for id in conversation_ids if id not in {row["conversation_id"] for row in rows}]
    if missing:
        raise NotFound(
            f"{issue['issue_id']} has no finding in conversation {missing[0]}; `momus show` lists its conversations."
        )
    taken = [row["finding_id"] for row in rows if row["conversation_id"] in set(conversation_ids)]
    if len(taken) == len(rows):
        raise BadDecision("All conversations of the issue were named; leave some, or rename the issue instead.")
    new_id = secrets.token_hex(6)
    said = f"{new_id} is split off {issue['issue_id']} with {len(taken)} of its {len(rows)} findings {_LATER}"
    return _edit(
        database, issue, "split", said, now_ns, target_id=new_id, finding_ids=taken, name=_title(name) if name else ""
    )


def rename(database: Database, issue: Row, name: str, *, now_ns: int) -> Decided:
    """Keep a title of one's own, whatever the members of the issue would suggest."""
    title = _title(name)
    return _edit(database, issue, "rename", f"{issue['issue_id']} is called: {title}", now_ns, name=title)


def pin(database: Database, issue: Row, *, now_ns: int) -> Decided:
    """Never hold an issue back for being small, nor drop it when its findings are gone."""
    return _edit(database, issue, "pin", f"{issue['issue_id']} is pinned: {issue['title']}", now_ns)


def undo(database: Database, edit_id: str, *, tenant: str | None, now_ns: int) -> Decided:
    """Take back a merge, split, rename or pin.

    Raises:
        NotFound: no such decision is in effect.
    """
    edits = [e for e in database.query("issue_edits") if e["edit_id"] == edit_id and tenant in (None, e["tenant"])]
    if not edits:
        raise NotFound(f"No decision {edit_id} is in effect. `momus triage list` shows those that are.")
    row = edits[0] | {"version": now_ns, "is_deleted": 1}
    database.insert("issue_edit_log", [row], token=secrets.token_hex(8))
    return Decided(f"{edits[0]['action']} of {edits[0]['issue_id']} is taken back {_LATER}", "")


def decisions(database: Database, *, tenant: str | None) -> list[Row]:
    """Return the decisions in effect, latest first; those with an `edit_id` can be undone, the others reopened."""
    return database.query("list_decisions", tenant=tenant)


def _edit(
    database: Database, issue: Row, action: Action, said: str, now_ns: int, **rest: Any
) -> Decided:  # Any: columns
    edit_id = secrets.token_hex(4)
    row = {"target_id": "", "name": "", "finding_ids": []} | rest | _key(issue)
    row |= {"edit_id": edit_id, "action": action, "decided_ns": now_ns, "decided_by": _who()}
    database.insert("issue_edit_log", [row | {"version": now_ns, "is_deleted": 0}], token=secrets.token_hex(8))
    return Decided(said, f"undo {edit_id}", edit_id)


def _key(issue: Row) -> Row:
    return {"tenant": issue["tenant"], "issue_id": issue["issue_id"]}


def _title(name: str) -> str:
    title = " ".join(name.split())[:NAME_LIMIT]
    if not title:
        raise BadDecision("The title is empty; give one of at least one letter.")
    return title


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return ""
