"""Tasks, and the ways to play each of them: the same request once with everything there, and once without one thing.

    control        tool, data and agent are as they should be                      nothing failed
    tool removed   the tool is not offered; the agent says that it cannot          missing_capability
    data removed   the tool answers that nothing is there                          missing_inventory
    tool raises    the tool fails with an exception, or with an answer that says   technical_error
    agent slips    tool and data are there, the agent errs (see `SLIPS`)           agent_mistake
    by rule        tool and data are there, a business rule decides                nothing failed

What is true of a conversation is known because it was made so; no reader had to judge it. `dev.toml` and `held_out.toml`
hold the tasks with two wordings for each thing said, a careful and a casual one, in eleven languages.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from schemas.families import Family

Arm = Literal["control", "tool removed", "data removed", "tool raises", "agent slips", "by rule"]
Slip = Literal["refuses", "repeats", "pretends", "invents", "ignores"]

TRUTH: Mapping[Arm, frozenset[Family]] = {
    "control": frozenset(),
    "tool removed": frozenset({"missing_capability"}),
    "data removed": frozenset({"missing_inventory"}),
    "tool raises": frozenset({"technical_error"}),
    "agent slips": frozenset({"agent_mistake"}),
    "by rule": frozenset(),
}
HALVES = ("dev", "held_out")
WORDINGS = 2
REPEATS = 4  # calls of an agent that does not stop


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as the model is told of it; `properties` are the names of its arguments, all required."""

    name: str
    description: str
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool. `error` is (type, message) where it raised; `is_said` where the tool told it as its result."""

    tool: Tool
    arguments: Mapping[str, Any]
    result: str = ""
    error: tuple[str, str] | None = None
    is_said: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the user says, what the agent calls, what it answers."""

    said: str
    calls: tuple[Call, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Play:
    """A conversation to be traced, and what is true of it."""

    id: str
    half: str
    task: str
    language: str
    service: str
    arm: Arm
    offered: tuple[Tool, ...]
    exchanges: tuple[Exchange, ...]
    truth: frozenset[Family]


def plays() -> Iterator[Play]:
    """Every task of both halves in every arm and wording, in a fixed order."""
    for half in HALVES:
        text = (Path(__file__).parent / f"{half}.toml").read_text(encoding="utf-8")
        for task in tomllib.loads(text)["task"]:
            for arm in TRUTH:
                if arm != "by rule" or "rule" in task:
                    yield from (_play(task, half, arm, wording) for wording in range(WORDINGS))


def _play(task: Mapping[str, Any], half: str, arm: Arm, wording: int) -> Play:
    """One conversation; those of the casual wording begin with another question, which is served."""
    tool, aside_tool = _tool(task["tool"]), _tool(task["aside"]["tool"])
    offered = (aside_tool,) if arm == "tool removed" else (aside_tool, tool)
    main, truth = _main(task, tool, arm, wording)
    aside = task["aside"]
    served = Exchange(aside["said"], (Call(aside_tool, aside["arguments"], aside["result"]),), aside["answer"])
    exchanges = (served, main) if wording else (main,)
    name = f"{task['name']}/{arm.replace(' ', '-')}/{wording}"
    return Play(name, half, task["name"], task["language"], task["service"], arm, offered, exchanges, truth)


def _main(task: Mapping[str, Any], tool: Tool, arm: Arm, wording: int) -> tuple[Exchange, frozenset[Family]]:
    said, call, truth = task["said"][wording], Call(tool, task["arguments"], task["result"]), TRUTH[arm]
    error = (task["failure"]["type"], task["failure"]["message"])
    failed = replace(call, error=error, is_said=bool(wording))
    match arm:
        case "control":
            return Exchange(said, (call,), task["served"][wording]), truth
        case "tool removed":
            return Exchange(said, (), task["refused"][wording]), truth
        case "data removed":
            return Exchange(said, (replace(call, result=task["empty"]),), task["unfound"][wording]), truth
        case "tool raises":
            return Exchange(said, (failed,), task["broken"][wording]), truth
        case "by rule":
            return Exchange(task["rule"]["said"], (), task["rule"]["answer"]), truth
        case "agent slips":
            return _slip(task, call, failed, wording)


def _slip(task: Mapping[str, Any], call: Call, failed: Call, wording: int) -> tuple[Exchange, frozenset[Family]]:
    """refuses: says that it cannot; repeats: makes the same call again and again; pretends: claims a deed without a call;
    invents: tells facts without a call; ignores: claims success after a failure, which is a technical error besides."""
    said, served, truth = task["said"][wording], task["served"][wording], TRUTH["agent slips"]
    slip: Slip = task["slip"]
    match slip:
        case "refuses":
            return Exchange(said, (), task["refused"][wording]), truth
        case "repeats":
            return Exchange(said, (call,) * REPEATS, served), truth
        case "pretends" | "invents":
            return Exchange(said, (), served), truth
        case "ignores":
            return Exchange(said, (failed,), served), truth | TRUTH["tool raises"]


def _tool(described: Mapping[str, Any]) -> Tool:
    return Tool(described["name"], described["description"], tuple(described["properties"]))
