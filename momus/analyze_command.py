"""What `momus analyze` does around the analysis: rehearse it where asked for, show where it stands, tell what came of it."""

from analyzer.run import database_time_ns
from momus.analysis import rehearse_analysis, run_analysis
from momus.options import print_json
from momus.pages.run import show_dry_run, show_run
from momus.screen import progress_bar
from schemas.database import Database
from schemas.errors import SettingsError
from schemas.settings import Settings


def run_analyze(
    database: Database,
    settings: Settings,
    *,
    quiet_s: float,
    is_full: bool,
    budget: str,
    by_batch: bool,
    is_dry_run: bool,
    as_json: bool,
) -> None:
    """Analyse, or only say what it would take; raises what `run_analysis` does."""
    if budget and not settings.has_model:
        raise SettingsError(
            "--budget says what a model may cost, and no model is set. Set MOMUS_MODEL_URL and MOMUS_MODEL_NAME, or leave it out."
        )
    now_ns = database_time_ns(database)
    if is_dry_run:
        found = rehearse_analysis(database, settings, now_ns=now_ns, quiet_s=quiet_s, is_full=is_full, budget=budget)
        print_json(found) if as_json else show_dry_run(found)
        return
    with progress_bar(enabled=not as_json) as progress:
        report = run_analysis(
            database, settings, now_ns=now_ns, quiet_s=quiet_s, is_full=is_full, budget=budget, by_batch=by_batch,
            progress=progress,
        )  # fmt: skip
    print_json(report) if as_json else show_run(report)
