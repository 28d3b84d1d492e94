"""What is grouped: what conversations wanted, and which failures mean the same."""

from typing import Literal

Kind = Literal["intents", "findings"]
