"""What a digest costs and what it keeps: tokens against the whole conversation, and labelled evidence that survives.

    .venv/bin/python tests/benchmarks/digest.py CONVERSATIONS.jsonl [LABELS.jsonl]

A conversation is an object with `id`, `messages` (OpenAI's form) and `tools_offered`; a label one with `id` and
`evidence_quote`. Tokens are estimates; with tiktoken installed and its files at hand (TIKTOKEN_CACHE_DIR), they are
counted as well. "Whole" is the JSON of messages and tools as they came, once.
"""

import argparse
import importlib
import json
import re
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from analyzer.assembly.tool_calls import match_tool_calls
from analyzer.with_model.digest import digest
from analyzer.with_model.prompts import READ, SUMMARY, VERIFY
from analyzer.with_model.redact import Redactor
from analyzer.with_model.tokens import estimate_tokens
from schemas.records import Conversation, Message, MessageBody, ToolDefinition, ToolRequest

Count = Callable[[str], int]


class Measured(NamedTuple):
    """One conversation: tokens of the whole, of the digest, and how many windows it took; whether evidence survived."""

    id: str
    whole: int
    digest: int
    windows: int
    survives: bool | None


def read_conversation(row: dict[str, Any]) -> Conversation:
    """A conversation from a line of the file."""
    messages: list[Message] = []
    turn = 0
    for index, said in enumerate(row["messages"]):
        turn += said["role"] == "user"
        asked = tuple(ToolRequest(c.get("id", ""), c["name"], c["arguments"]) for c in said.get("tool_calls") or ())
        body = MessageBody(
            said["role"], said.get("content") or "", asked, said.get("tool_call_id") or "", said.get("name") or ""
        )
        messages.append(Message(index, turn, body, f"{turn:032x}", f"{index:016x}", index))
    tools = tuple(
        ToolDefinition(tool["name"], tool.get("description") or "", json.dumps(tool.get("parameters") or {}))
        for tool in row["tools_offered"] or ()
    )
    calls = tuple(match_tool_calls(messages, ()))
    return Conversation(row["id"], tuple(messages), calls, tools_offered=tools or None)


def measure(row: dict[str, Any], quotes: dict[str, str], count: Count) -> Measured:
    """Make the digest of one conversation and look for its evidence in it."""
    conversation = read_conversation(row)
    redactor = Redactor()
    made = digest(conversation, redactor.hide, token_budget=12_000, window_limit=8)
    whole = json.dumps([row["messages"], row["tools_offered"]], ensure_ascii=False)
    quote = quotes.get(row["id"])
    shown = _folded(redactor.restore("\n".join(made.windows)).replace("\\n", " "))
    survives = None if quote is None else all(_folded(part) in shown for part in re.split(r"\s…\s", quote))
    return Measured(row["id"], count(whole), sum(map(count, made.windows)), len(made.windows), survives)


def _quote(told: str) -> str:
    """A quote as labels give it: of a call its name and arguments without ids, of long ones the beginning and the end."""
    if told.startswith("[{"):
        told = re.sub(r'"(?:id|name|arguments)": |"call_\w+"', " ", told)
    return told.replace("\\n", " ")


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).lower().strip()


def _tokeniser() -> tuple[str, Count]:
    try:
        encoding = importlib.import_module("tiktoken").get_encoding("o200k_base")
    except Exception:  # noqa: BLE001  whatever keeps it from loading its files: there are estimates
        return "estimated", estimate_tokens
    return "o200k_base", lambda text: len(encoding.encode(text, disallowed_special=()))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("conversations", type=Path)
    parser.add_argument("labels", type=Path, nargs="?")
    args = parser.parse_args()
    name, count = _tokeniser()
    rows = [json.loads(line) for line in args.conversations.read_text(encoding="utf-8").splitlines()]
    labels = [json.loads(line) for line in args.labels.read_text(encoding="utf-8").splitlines()] if args.labels else []
    quotes = {label["id"]: _quote(label["evidence_quote"]) for label in labels if label.get("evidence_quote")}
    found = sorted((measure(row, quotes, count) for row in rows), key=lambda one: one.whole)
    prompts = {"read": count(READ.text), "verify": count(VERIFY.text), "summary": count(SUMMARY)}
    _say(f"tokens: {name}; {len(found)} conversations; fixed part of the prompts: {prompts}")
    _print_share("all", found, prompts["read"] + prompts["summary"])
    _print_share("longest tenth", found[-max(1, len(found) // 10) :], prompts["read"] + prompts["summary"])
    labelled = [one for one in found if one.survives is not None]
    if labelled:
        lost = [one.id for one in labelled if not one.survives]
        _say(f"evidence kept: {len(labelled) - len(lost)} of {len(labelled)}; lost: {lost}")


def _print_share(title: str, found: Sequence[Measured], prompt: int) -> None:
    whole, kept = sum(one.whole for one in found), sum(one.digest for one in found)
    each = statistics.mean(one.digest / one.whole for one in found)
    windows = sum(one.windows for one in found)
    asked = kept + prompt * windows
    _say(
        f"{title:14} whole {whole:>9,}  digest {kept:>9,} = {kept / whole:.3f} (mean of each {each:.3f})  "
        f"with the prompt {asked / whole:.3f}; whole with the prompt would be {1 + prompt * len(found) / whole:.3f}, "
        f"so {asked / (whole + prompt * len(found)):.3f} of that; {windows} windows"
    )


if __name__ == "__main__":
    main()
