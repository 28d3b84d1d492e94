"""The closed list of families and codes, and the finding that carries one of them.

The decision rule, in this order, for every request that was not served:

1. Did a call fail in a machine-readable way? technical_error, even if the agent recovered.
2. Would today's data suffice if a tool were added, and would today's tools suffice if data were added?
   (yes, no) missing_capability; (no, yes) missing_inventory; (no, no) both.
3. Neither: the tools and the data were there. agent_mistake, unless a business rule decided (correct_refusal).

A deed that no tool does for anyone is a missing capability also where the instructions state that it cannot be done:
what people ask for is worth knowing. correct_refusal is for a deed that a tool does, but not for this user or case, or
that safety or law forbids. What is none of the agent's purpose is out_of_scope.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from schemas.errors import NotFound

Family = Literal[
    "missing_capability",
    "missing_inventory",
    "technical_error",
    "agent_mistake",
    "user_or_policy",
]
Code = Literal[
    "tool_absent", "operation_unsupported", "integration_not_connected", "modality_unsupported",
    "content_absent", "field_not_recorded", "not_indexed", "stale",
    "exception", "timeout", "rate_limit", "auth", "schema", "infrastructure",
    "wrong_tool", "bad_arguments", "ignored_result", "fabricated", "false_promise", "loop",
    "instruction_violation", "stopped_early", "false_refusal",
    "underspecified", "out_of_scope", "correct_refusal",
]  # fmt: skip
Confidence = Literal["low", "medium", "high"]
QuoteSource = Literal["message", "result", "arguments", "exception"]
Verdict = Literal["", "supported", "unclear"]
Outcome = Literal["served", "partly", "not", "unclear"]

FAMILIES: tuple[Family, ...] = get_args(Family)
CODES: dict[Family, tuple[Code, ...]] = {
    "missing_capability": ("tool_absent", "operation_unsupported", "integration_not_connected", "modality_unsupported"),
    "missing_inventory": ("content_absent", "field_not_recorded", "not_indexed", "stale"),
    "technical_error": ("exception", "timeout", "rate_limit", "auth", "schema", "infrastructure"),
    "agent_mistake": (
        "wrong_tool", "bad_arguments", "ignored_result", "fabricated", "false_promise", "loop",
        "instruction_violation", "stopped_early", "false_refusal",
    ),
    "user_or_policy": ("underspecified", "out_of_scope", "correct_refusal"),
}  # fmt: skip

# Counted, never ranked: nobody is to be asked to "fix" an agent that rightly said no.
UNRANKED: frozenset[Family] = frozenset({"user_or_policy"})


def family_of(said: str) -> Family:
    """Return the family that a person means: its name as stored or as shown, or a beginning that no other has.

    Raises:
        NotFound: none or several are meant.
    """
    name = "_".join(said.lower().replace("-", " ").split())
    meant = [family for family in FAMILIES if family.startswith(name)]
    if len(meant) != 1:
        raise NotFound(f"No one family is called {said!r}. There are: {', '.join(FAMILIES)}.")
    return meant[0]


@dataclass(frozen=True, slots=True)
class Finding:
    """One failure seen in one conversation.

    `statement` is templated English of 5 to 20 words without names or ids. `quote` is verbatim in the text that
    (`quote_source`, `trace_id`, `span_id`, `message_index`) name, from `quote_start` to `quote_end` in characters;
    `message_index` is -1 where the text is no message. `subject` says in a few words what was wanted and is what
    clustering compares; `operation` is the tool or span concerned. `group_key` is a fingerprint where the failure is
    machine-readable, else empty. A finding that is not `is_root` is the consequence of another of the same
    conversation and shares its family, code and `group_key`.

    What only a model tells: `requested_object` and `requested_operation` in a few words of English; whether a tool over
    today's data would have served the request, or data for today's tools (None: not asked); what the verifier said of
    it (empty: not asked); `tool_draft`, the tool that was missing, as JSON; `model` and `prompt_hash`, who said so.
    """

    family: Family
    code: Code
    statement: str
    quote: str
    quote_source: QuoteSource
    trace_id: str
    span_id: str
    detector: str
    confidence: Confidence
    quote_start: int = 0
    quote_end: int = 0
    message_index: int = -1
    turn: int = 0
    is_root: bool = True
    is_recovered: bool = False
    is_boundary: bool = False
    subject: str = ""
    operation: str = ""
    title: str = ""
    group_key: str = ""
    components: tuple[str, ...] = ()
    requested_object: str = ""
    requested_operation: str = ""
    tool_would_serve: bool | None = None
    data_would_serve: bool | None = None
    verdict: Verdict = ""
    tool_draft: str = ""
    model: str = ""
    prompt_hash: str = ""
