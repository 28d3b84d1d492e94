"""What the model is asked: a line a prompt, or one whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from momus.screen import console, one_line

if TYPE_CHECKING:
    from momus.prompts import ShownPrompt


def show_prompts(prompts: Sequence[ShownPrompt]) -> None:
    """Print the name, hash and beginning of each."""
    for prompt in prompts:
        told = prompt.hash or ("your own" if prompt.is_own else "part of read and merge")
        console.print(Text.assemble((f"{prompt.name:8}", "bold"), f" {told:22} ", (one_line(prompt.text, 80), "dim")))


def show_prompt(prompt: ShownPrompt) -> None:
    """Print all of one prompt."""
    console.print(Text(prompt.text))
