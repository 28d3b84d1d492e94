"""What the model is asked when it reads a conversation."""

from pathlib import Path

from analyzer.prompt import load_prompt

_FOLDER = Path(__file__).parent

READ, VERIFY, REQUOTE, MERGE = (load_prompt(_FOLDER / f"{name}.txt") for name in ("read", "verify", "requote", "merge"))
SUMMARY = (_FOLDER / "summary.txt").read_text(encoding="utf-8").strip()  # the part that a team may replace
PROMPTS = (READ, VERIFY, REQUOTE, MERGE)
