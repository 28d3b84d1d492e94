"""Run the analyzer with the model and the embedder that the settings name."""

from contextlib import ExitStack

from analyzer.models import ChatModel, Embedder
from analyzer.reading_stage import Reader
from analyzer.run import Progress, RunReport, analyze
from momus.reading_setup import reading_setup
from schemas.database import Database
from schemas.settings import Settings


def run_analysis(
    database: Database,
    settings: Settings,
    *,
    now_ns: int,
    progress: Progress,
    quiet_s: float = 0.0,
    is_full: bool = False,
) -> RunReport:
    """Analyse what changed; without a model endpoint in the settings, with detectors alone.

    Raises:
        DatabaseError: the database failed; the next run takes up where this one ended.
        ModelError: the embedding endpoint failed; conversations are analysed, issues are as they were.
    """
    with ExitStack() as opened:
        model, embedder = _models(settings, opened)
        setup = reading_setup(settings)
        reader = Reader(model, setup) if model else None
        return analyze(
            database, now_ns=now_ns, quiet_s=quiet_s, reader=reader, facets=setup.facets, embedder=embedder,
            is_full=is_full, progress=progress,
        )  # fmt: skip


def _models(settings: Settings, opened: ExitStack) -> tuple[ChatModel | None, Embedder | None]:
    if not settings.model_url or not (settings.model_name or settings.embedding_model):
        return None, None
    from analyzer.openai_models import OpenAIChat, OpenAIEmbedder  # takes a second to load, so only where it is used

    chat = OpenAIChat(settings.model_url, settings.model_name, settings.model_key) if settings.model_name else None
    embedder = (
        OpenAIEmbedder(settings.model_url, settings.embedding_model, settings.model_key)
        if settings.embedding_model
        else None
    )
    for seam in (chat, embedder):
        if seam:
            opened.callback(seam.close)
    return chat, embedder
