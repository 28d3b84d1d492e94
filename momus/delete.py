"""Delete a conversation, a trace or a user from every table, so that nothing brings them back.

    what is named ─▶ its conversations ─▶ all their traces ─▶ rows of every table that names one of them
                                                          └─▶ other conversations with a part in these traces: what was
                                                              analysed of them goes too, and the next run makes it anew

Which tables and columns that concerns is read off the database: whatever table has a column for the id of a trace,
conversation, user or finding is covered. Message bodies and log records without a trace are named otherwise and have
their own statements. Every statement returns when the rows are gone from all parts of the table.

The traces' own facts go after everything that is found through them, and the conversations' rows last of all: a deletion
that was interrupted is completed by asking for the same again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector_plugin.reading.identity import CONVERSATION_KEYS, SESSION_KEYS, USER_KEYS
from schemas.database import Database, Row
from schemas.errors import NotFound
from schemas.parameters import in_pieces, side_by_side

TRACE_COLUMNS = ("trace_id", "TraceId")
TENANT_COLUMNS = ("tenant", "Tenant")
RUN_COLUMN = "run_id"  # only what the analyzer made has it
RESPONSE_KEY = "gen_ai.response.id"
_LOOKUP = "otel_traces_trace_id_ts"  # of all tenants at once
_LAST = ("finding_log", "span_facts", "conversation_log")  # by these the rest is found


@dataclass(slots=True)
class Doomed:
    """What is deleted of one tenant.

    `conversation_ids` are those that go for good, `remade_ids` those that only lose traces; what is left of the latter
    is in `kept_trace_ids`.
    """

    tenant: str
    user_id: str = ""
    trace_ids: set[str] = field(default_factory=set)
    conversation_ids: set[str] = field(default_factory=set)
    remade_ids: set[str] = field(default_factory=set)
    kept_trace_ids: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Deletion:
    """What was deleted, or would be: rows by table, over all tenants."""

    is_dry_run: bool
    doomed: list[Doomed]
    row_counts: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        tenants = [
            {
                "tenant": doomed.tenant,
                "conversations": sorted(doomed.conversation_ids),
                "conversations_analysed_anew": sorted(doomed.remade_ids),
                "traces": sorted(doomed.trace_ids),
            }
            for doomed in self.doomed
        ]
        return {"is_dry_run": self.is_dry_run, "tenants": tenants, "rows": dict(self.row_counts)}


def delete(
    database: Database,
    *,
    conversation_id: str = "",
    trace_id: str = "",
    user_id: str = "",
    tenant: str | None = None,
    is_dry_run: bool = False,
) -> Deletion:
    """Delete what one of the three ids names, with all that was made of it.

    Args:
        database: migrated to today's schema.
        conversation_id: with all its traces.
        trace_id: this trace alone; the conversation that it is part of is made anew of its other traces.
        user_id: with all conversations in which the user is named, and with all their traces.
        tenant: whose; None is any tenant's.
        is_dry_run: count, and delete nothing.

    Raises:
        NotFound: nothing is stored under that id.
        DatabaseError: a statement failed; what was deleted is gone, and the same call deletes the rest.
    """
    found = _found(database, conversation_id, trace_id, user_id, tenant)
    deletion = Deletion(is_dry_run, found)
    for doomed in found:
        _complete(database, doomed)
        for table, count in _Sweep(database, doomed, is_dry_run).rows():
            deletion.row_counts[table] += count
        if not is_dry_run:
            _touch(database, doomed)
    if not found:
        raise NotFound("Nothing is stored under this id. It must be given whole, as `momus show` prints it.")
    return deletion


def _found(database: Database, conversation_id: str, trace_id: str, user_id: str, tenant: str | None) -> list[Doomed]:
    """Return what is named, tenant by tenant: of a user, all traces of the conversations that name the user anywhere."""
    tenants: dict[str, Doomed] = {}
    for row in _asked(database, {conversation_id} - {""}, trace_id=trace_id, user_id=user_id):
        if tenant in (None, row["tenant"]):
            doomed = tenants.setdefault(row["tenant"], Doomed(row["tenant"], user_id))
            doomed.trace_ids |= {row["trace_id"]} - {""}
            # A trace is deleted for itself; the conversation that it is part of is not.
            doomed.conversation_ids |= set() if trace_id else {row["conversation_id"]} - {""}
    if user_id:
        for doomed in tenants.values():
            for row in _asked(database, doomed.conversation_ids):
                if row["tenant"] == doomed.tenant:
                    doomed.trace_ids |= {row["trace_id"]} - {""}
    return list(tenants.values())


def _asked(database: Database, ids: Iterable[str], *, trace_id: str = "", user_id: str = "") -> Iterator[Row]:
    for piece in list(in_pieces(sorted(ids))) or [[]]:
        yield from database.query("traces_to_delete", trace_id=trace_id, user_id=user_id, conversation_ids=piece)


def _complete(database: Database, doomed: Doomed) -> None:
    """Add the conversations that share a trace with what is deleted, and what is left of them."""
    for piece in in_pieces(sorted(doomed.trace_ids)):
        rows = database.query("conversations_ever_of_traces", tenant=doomed.tenant, trace_ids=piece)
        for row in rows:
            if row["conversation_id"] not in doomed.conversation_ids:
                doomed.remade_ids.add(row["conversation_id"])
                doomed.kept_trace_ids |= set(row["all_trace_ids"])
    doomed.kept_trace_ids -= doomed.trace_ids | {""}


class _Sweep:
    """Goes through all tables for one tenant's part; `rows` does it, and yields counts by table as it goes."""

    def __init__(self, database: Database, doomed: Doomed, is_dry_run: bool) -> None:
        self._database = database
        self._doomed = doomed
        self._tenant = doomed.tenant
        self._is_dry_run = is_dry_run
        columns = {row["table"]: frozenset(row["columns"]) for row in database.query("columns_of_tables")}
        in_order = sorted(columns, key=lambda table: (_LAST.index(table) if table in _LAST else -1, table))
        self._tables = {table: columns[table] for table in in_order}

    def rows(self) -> Iterator[tuple[str, int]]:
        """Delete, or only count."""
        doomed, trace_ids = self._doomed, sorted(self._doomed.trace_ids)
        finding_ids = self._finding_ids()
        # What is of one of the traces is left to the statement that takes all of a trace, and counted once.
        of_traces = next(in_pieces(trace_ids), [])
        yield from self._said_ids((*CONVERSATION_KEYS, *SESSION_KEYS), doomed.conversation_ids, of_traces)
        yield from self._said_ids(USER_KEYS, {doomed.user_id} - {""}, of_traces)
        # A piece of the traces after the other: a message that several pieces say goes with the last of them.
        for piece in in_pieces(trace_ids):
            yield from self._found_through(piece)
            if not self._is_dry_run:
                yield from self._tables_with({"trace_ids": piece})
            yield from self._run("trace_times", _LOOKUP, trace_ids=piece)
        lists = {
            "trace_ids": trace_ids if self._is_dry_run else [],
            "conversation_ids": sorted(doomed.conversation_ids),
            "remade_ids": sorted(doomed.remade_ids),
            "user_ids": sorted({doomed.user_id} - {""}),
            "finding_ids": finding_ids,
        }
        for pieces in side_by_side(lists):
            yield from self._tables_with(pieces)

    def _finding_ids(self) -> list[str]:
        ids = sorted(self._doomed.conversation_ids | self._doomed.remade_ids)
        name = "findings_ever_of_conversations"
        rows = (self._database.query(name, tenant=self._tenant, conversation_ids=piece) for piece in in_pieces(ids))
        return [row["finding_id"] for found in rows for row in found]

    def _found_through(self, trace_ids: list[str]) -> Iterator[tuple[str, int]]:
        """What can only be found as long as the facts of the traces are there."""
        which = {"tenant": self._tenant, "trace_ids": trace_ids}
        (named,) = self._database.query("scopes_and_responses_of_traces", **which)
        for scopes in in_pieces(sorted(named["scopes"])):
            yield from self._run("own_bodies", "message_bodies", scopes=scopes, **which)
        for response_ids in in_pieces(sorted(named["response_ids"])):
            yield from self._run("response_feedback", "feedback", response_ids=response_ids, **which)
        yield from self._said_ids((RESPONSE_KEY,), named["response_ids"], trace_ids)

    def _said_ids(self, keys: Sequence[str], ids: Iterable[str], of_traces: list[str]) -> Iterator[tuple[str, int]]:
        which = {"tenant": self._tenant, "trace_ids": of_traces, "keys": list(keys)}
        for piece in in_pieces(sorted(ids)):
            yield from self._run("said_ids", "otel_logs", ids=piece, **which)

    def _tables_with(self, lists: Mapping[str, list[str]]) -> Iterator[tuple[str, int]]:
        for table, columns in self._tables.items():
            if comparisons := _comparisons(columns, lists):
                yield from self._run("rows", table, table=table, tenant=self._tenant, **comparisons)

    def _run(
        self, what: str, counted_as: str, /, **parameters: Any
    ) -> Iterator[tuple[str, int]]:  # Any: see Database.query
        """Count what a pair of statements is about, and delete it unless it is only to be counted."""
        (counted,) = self._database.query(f"count_{what}", **parameters)
        if counted["row_count"]:
            if not self._is_dry_run:
                self._database.command(f"delete_{what}", **parameters)
            yield counted_as, counted["row_count"]


def _comparisons(columns: frozenset[str], lists: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the parameters that compare the columns of a table with lists of ids; none where there is nothing to compare.

    In the place of a column that a table lacks stands its tenant, which is then compared with no id at all.
    """
    tenant = next((name for name in TENANT_COLUMNS if name in columns), "")
    remade_ids = lists.get("remade_ids", []) if RUN_COLUMN in columns else []
    wanted = {
        "trace": (next((name for name in TRACE_COLUMNS if name in columns), ""), lists.get("trace_ids", [])),
        "conversation": ("conversation_id", lists.get("conversation_ids", []) + remade_ids),
        "user": ("user_id", lists.get("user_ids", [])),
        "finding": ("finding_id", lists.get("finding_ids", [])),
    }
    compared = {kind: (name, ids) for kind, (name, ids) in wanted.items() if name in columns and ids}
    if not tenant or not compared:
        return {}
    parameters: dict[str, Any] = {"tenant_column": tenant}
    for kind in wanted:
        parameters[f"{kind}_column"], parameters[f"{kind}_ids"] = compared.get(kind, (tenant, []))
    return parameters


def _touch(database: Database, doomed: Doomed) -> None:
    """Have what is left of conversations that lost a trace analysed anew."""
    for trace_ids in in_pieces(sorted(doomed.kept_trace_ids)):
        now_ns = int(database.query("now_ns")[0]["now_ns"])
        database.command("touch_traces", tenant=doomed.tenant, trace_ids=trace_ids, now_ns=now_ns)
