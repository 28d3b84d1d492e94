"""What `momus delete` does around the deletion: count first, ask, delete, bring the issues up to date, tell what is left."""

from functools import partial

import orjson
import typer
from rich.table import Table

from momus.delete import Deletion, delete
from momus.screen import console, safe
from momus.spooled import remains, wait_written
from schemas.database import Database
from schemas.errors import MomusError, SettingsError
from schemas.settings import Settings

WRITTEN_S = 15.0


def run_deletion(
    database: Database,
    settings: Settings,
    *,
    conversation_id: str,
    trace_id: str,
    user_id: str,
    tenant: str | None,
    is_dry_run: bool,
    is_sure: bool,
    as_json: bool,
) -> None:
    """Delete what exactly one of the three ids names, and print rows by table.

    Raises:
        SettingsError: not exactly one id is given.
        NotFound: nothing is stored under it.
        DatabaseError: a statement failed; the same command goes on from there.
    """
    if sum(map(bool, (conversation_id, trace_id, user_id))) != 1:
        raise SettingsError("Name one of --conversation, --trace and --user.")
    # What a collector has acknowledged and not yet written would come back after the deletion.
    wait_written(settings.spool, WRITTEN_S)
    remove = partial(
        delete, database, conversation_id=conversation_id, trace_id=trace_id.lower(), user_id=user_id, tenant=tenant
    )
    deletion = remove(is_dry_run=True)
    if not is_dry_run:
        if not as_json and not is_sure:
            _show(deletion)
        if not is_sure:
            typer.confirm("Delete all of it? It cannot be undone.", abort=True, err=as_json)
        deletion = remove()
    hints = ([] if is_dry_run else [_recount(database, settings)]) + remains(settings)
    if as_json:
        typer.echo(orjson.dumps(deletion.as_json() | {"hints": hints}).decode())
        return
    _show(deletion)
    for hint in hints:
        console.print(hint, highlight=False, markup=False)


def _recount(database: Database, settings: Settings) -> str:
    """Have the issues counted without what is gone; a failure of that is told, for the deletion is done all the same."""
    from analyzer.run import database_time_ns
    from momus.analysis import run_analysis

    # What waits for a model is read, and paid for, by another run.
    without_model = settings.model_copy(update={"model_name": ""})
    try:
        run_analysis(
            database,
            without_model,
            now_ns=database_time_ns(database),
            quiet_s=settings.quiet_s,
            progress=lambda stage, done, total: None,
        )
    except (MomusError, ModuleNotFoundError) as error:
        return f"The issues still count what is gone until the next `momus analyze`: {error}"
    return "The issues are counted anew without it."


def _show(deletion: Deletion) -> None:
    for doomed in deletion.doomed:
        of = f" of tenant {safe(doomed.tenant)}" if doomed.tenant else ""
        console.print(
            f"{len(doomed.conversation_ids):,} conversations with {len(doomed.trace_ids):,} traces{of}"
            + (f"; {len(doomed.remade_ids):,} more lose a trace" if doomed.remade_ids else "")
        )
    table = Table("table", "rows that go" if deletion.is_dry_run else "rows deleted", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, count in sorted(deletion.row_counts.items()):
        table.add_row(name, f"{count:,}")
    console.print(table)
