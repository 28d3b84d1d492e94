"""Prompts are text files beside the code that asks them; what a model is told stands above a line of dashes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from pydantic import BaseModel

from analyzer.models import prompt_hash


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


def load_prompt(file: Path) -> Prompt:
    """Read a prompt; its name is the file's without the suffix."""
    return Prompt(file.stem, file.read_text(encoding="utf-8"))
