"""What people decided about issues, kept as a list of edits that every run applies anew to what it finds.

    merge A into B     whatever is found under A counts under B, for good; B keeps its id and URL, A leads there
    split A            the findings named get an issue of their own, and so does each new one that is nearer to them
    rename A           the title stays as written, whatever the members would suggest
    pin A              A is never held back for being small, nor dropped when its findings are gone

A later edit wins over an earlier one; undoing an edit deletes its row. Pure: nothing here knows a database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Action = Literal["merge", "split", "rename", "pin"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One decision. `target_id` is the issue merged into, or the one split off; `finding_ids` are those split off."""

    id: str
    action: Action
    issue_id: str
    decided_ns: int
    target_id: str = ""
    name: str = ""
    finding_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edits:
    """All decisions of one tenant, in effect."""

    merged: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    carved: Mapping[str, str] = field(default_factory=dict)  # finding to the issue it was split off into
    origins: Mapping[str, str] = field(default_factory=dict)  # an issue that was split off to the one it came from

    def resolve(self, issue_id: str) -> str:
        """Return the issue that counts for `issue_id` today: itself unless it was merged."""
        while issue_id in self.merged:
            issue_id = self.merged[issue_id]
        return issue_id


def in_effect(edits: Iterable[Edit]) -> Edits:
    """Apply edits in the order they were made. A merge that would close a circle turns the older one around."""
    merged: dict[str, str] = {}
    names: dict[str, str] = {}
    carved: dict[str, str] = {}
    origins: dict[str, str] = {}
    pinned: set[str] = set()
    for edit in sorted(edits, key=lambda edit: (edit.decided_ns, edit.id)):
        match edit.action:
            case "merge":
                _merge(merged, edit.issue_id, edit.target_id)
            case "split":
                origins[edit.target_id] = edit.issue_id
                carved |= dict.fromkeys(edit.finding_ids, edit.target_id)
                if edit.name:
                    names[edit.target_id] = edit.name
            case "rename":
                names[edit.issue_id] = edit.name
            case "pin":
                pinned.add(edit.issue_id)
    return Edits(merged, names, frozenset(pinned), carved, origins)


def _merge(merged: dict[str, str], issue_id: str, target_id: str) -> None:
    if issue_id == target_id:
        return
    merged.pop(target_id, None)  # the target counts for itself from now on
    seen = target_id
    while seen in merged:
        seen = merged[seen]
        if seen == issue_id:
            merged.pop(issue_id, None)
            break
    merged[issue_id] = target_id
