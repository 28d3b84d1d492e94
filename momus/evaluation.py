"""`momus evaluate`: how right the findings are, against a file of labels."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from analyzer.evaluate.intervals import Estimate
from analyzer.evaluate.labels import read_labels
from analyzer.evaluate.report import Evaluation, evaluate
from analyzer.evaluate.splits import Split
from analyzer.evaluate.stored import check_quotes, load_stored
from schemas.database import Database
from schemas.errors import NotFound


def run_evaluation(
    database: Database, path: Path, *, only: Split | None, prompt_files: Sequence[Path], tenant: str | None
) -> Evaluation:
    """Score what the last analysis found against the labels of a file.

    Raises:
        NotFound: the file cannot be read, holds no label, or none of its conversations was analysed.
        PromptLeak: a prompt holds an example that would be scored.
    """
    labels, problems = read_labels(read_file(path).splitlines())
    if not labels:
        raise NotFound(f"{path} holds no label. {problems[0] if problems else 'It is empty.'}")
    ids = [label.conversation_id for label in labels]
    stored = load_stored(database, ids, tenant=tenant)
    if not stored:
        raise NotFound(
            f"None of the {len(ids)} labelled conversations was analysed: is {ids[0]!r} a conversation_id of this database?"
        )
    quotes = check_quotes(database, ids, tenant=tenant)
    prompts = {**_own_prompts(files("analyzer")), **{str(file): read_file(file) for file in prompt_files}}
    return evaluate(labels, stored, prompts=prompts, only=only, quotes=quotes, problems=problems)


def read_file(path: Path) -> str:
    """The text of a file that a person named.

    Raises:
        NotFound: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.") from None


def _own_prompts(folder: Traversable) -> dict[str, str]:
    """Every prompt that comes with momus, by file name."""
    found: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            found |= _own_prompts(entry)
        elif entry.name.endswith(".txt"):
            found[entry.name] = entry.read_text(encoding="utf-8")
    return found


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation as plain JSON values; estimates are {value, low, high}, null where there is nothing to count."""
    plain: dict[str, Any] = named(asdict(evaluation))
    return plain


def named(value: Any) -> Any:  # any value of a dataclass
    """A value of `asdict` with its estimates as {value, low, high}."""
    if isinstance(value, Estimate):
        return value._asdict()
    if isinstance(value, dict):
        return {key: named(inner) for key, inner in value.items()}
    return [named(inner) for inner in value] if isinstance(value, list | tuple) else value
