"""The prompts, as files beside this one, with the hash of their content that is stored with every answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from pydantic import BaseModel

from analyzer.models import prompt_hash

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is told (`system`) and asked (`user`, a template). `text` is the whole file."""

    name: str
    text: str

    @property
    def system(self) -> str:
        """The part before the line of dashes."""
        return self.text.split("\n---\n", 1)[0].strip()

    def ask(self, parts: Mapping[str, str]) -> str:
        """The question with its parts in place; a part may hold anything, it is not looked at again."""
        return Template(self.text.split("\n---\n", 1)[1]).substitute(parts).strip()

    def hash(self, reply: type[BaseModel], *more: str) -> str:
        """16 hex of the text, of the fields of the reply, and of what else makes the question."""
        return prompt_hash(self.text, json.dumps(reply.model_json_schema(), sort_keys=True), *more)


def _load(name: str) -> Prompt:
    return Prompt(name, (_FOLDER / f"{name}.txt").read_text(encoding="utf-8"))


READ, VERIFY, REQUOTE, MERGE = (_load(name) for name in ("read", "verify", "requote", "merge"))
SUMMARY = (_FOLDER / "summary.txt").read_text(encoding="utf-8").strip()  # the part that a team may replace
PROMPTS = (READ, VERIFY, REQUOTE, MERGE)
