"""Run the analyzer with the model and the embedder that the settings name."""

from analyzer.models import OpenAIChat
from analyzer.run import Progress, RunReport, analyze
from schemas.database import Database
from schemas.settings import Settings


def run_analysis(
    database: Database, settings: Settings, *, now_ns: int, is_full: bool, progress: Progress
) -> RunReport:
    """Analyse what changed; without a model endpoint in the settings, with detectors alone.

    Raises:
        DatabaseError: the database failed; the next run takes up where this one ended.
    """
    model = None
    if settings.model_url and settings.model_name:
        model = OpenAIChat(settings.model_url, settings.model_name, settings.model_key)
    return analyze(database, now_ns=now_ns, model=model, is_full=is_full, progress=progress)
