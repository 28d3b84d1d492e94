"""What the model is asked: every prompt, with the content hash that is stored with its answers."""

from dataclasses import dataclass

from analyzer.clusters.model_names import NAMES, SIBLINGS, NamesOfGroups
from analyzer.with_model.prompts import PROMPTS, SUMMARY
from momus.reading_setup import reading_setup
from schemas.errors import NotFound
from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class ShownPrompt:
    """A prompt by name. `hash` is empty for the part that asks for the summary, which has none of its own."""

    name: str
    hash: str
    text: str
    is_own: bool = False


def list_prompts(settings: Settings, name: str = "") -> list[ShownPrompt]:
    """Every prompt, or the one of a name.

    Raises:
        NotFound: there is none of that name.
        SettingsError: a file that the settings name cannot be read.
    """
    setup = reading_setup(settings)
    naming = {prompt.name: prompt.hash(NamesOfGroups) for prompt in (NAMES, SIBLINGS)}
    hashes = naming | dict(setup.prompt_hashes)
    found = [ShownPrompt(prompt.name, hashes[prompt.name], prompt.text) for prompt in (*PROMPTS, NAMES, SIBLINGS)]
    found.append(ShownPrompt("summary", "", setup.summary_prompt, is_own=setup.summary_prompt != SUMMARY))
    if name and not any(prompt.name == name for prompt in found):
        raise NotFound(f"There is no prompt of that name: there are {', '.join(prompt.name for prompt in found)}.")
    return [prompt for prompt in found if name in ("", prompt.name)]
