"""What a model is told beside the conversation, from the settings and the files they name."""

from pathlib import Path

from analyzer.facets.definitions import read_definitions
from analyzer.facets.measured import RESERVED
from analyzer.with_model.prompts import SUMMARY
from analyzer.with_model.reading import ReadingSetup
from schemas.errors import SettingsError
from schemas.settings import Settings

_TEXT_CHARS = 8_000  # of a card or a prompt: it is sent with every question


def reading_setup(settings: Settings) -> ReadingSetup:
    """The setup of every reading.

    Raises:
        SettingsError: a file cannot be read or used; the message names it.
    """
    facets = read_definitions(settings.facets_file, reserved=RESERVED) if settings.facets_file else ()
    return ReadingSetup(
        card=_text(settings.agent_card_file) if settings.agent_card_file else "",
        facets=facets,
        summary_prompt=_text(settings.summary_prompt_file) if settings.summary_prompt_file else SUMMARY,
        token_budget=settings.model_window_tokens,
        redacts=settings.model_redaction,
        redacts_quotes=settings.quote_redaction,
    )


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
    if not 0 < len(text) <= _TEXT_CHARS:
        raise SettingsError(f"{path} must hold 1 to {_TEXT_CHARS} characters of text; it holds {len(text)}.")
    return text
