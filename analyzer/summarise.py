"""A summary of a conversation without a model: what was asked, what happened, how it ended, in its own words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.language import guess_language
from analyzer.lexicon import CLOSING, NO_REFUSAL, NOT_FOUND, REFUSAL
from analyzer.text import sentences, shorten
from schemas.families import Finding, Outcome
from schemas.records import Conversation

_REQUEST_LENGTH = 240  # characters
_ANSWER_LENGTH = 240
_TOOLS_NAMED = 4


@dataclass(frozen=True, slots=True)
class Summary:
    """What a conversation was about. `by` says who wrote it: `extractive`, or a model's name.

    `note` says why a model did not, where one was asked; `prompt_hash` is empty without a model.
    """

    text: str
    request: str
    outcome: Outcome
    language: str
    by: str = "extractive"
    model: str = ""
    prompt_hash: str = ""
    note: str = ""


def summarise(conversation: Conversation, findings: Sequence[Finding]) -> Summary:
    """Put the first request, the tools and failures, and the last answer into three sentences."""
    request = first_request(conversation)
    text = " ".join(part for part in (_asked(request), _done(conversation, findings), _ended(conversation)) if part)
    user_text = "\n".join(m.body.content for m in conversation.messages if m.body.role == "user")
    return Summary(text, shorten(request, _REQUEST_LENGTH), outcome(conversation, findings), guess_language(user_text))


def outcome(conversation: Conversation, findings: Sequence[Finding]) -> Outcome:
    """Whether the user was served, by rules.

    `unclear` without an answer or without content; `not` when the last turn that asked for something ended in an
    unrecovered failure, or the last answer repeats a refusal; `partly` when an earlier turn did; else `served`.
    """
    asking = [
        m.turn for m in conversation.messages
        if m.body.role == "user" and not (len(m.body.content) < 120 and CLOSING.search(m.body.content))
    ]  # fmt: skip
    answered = {m.turn for m in conversation.messages if m.body.role == "assistant" and m.body.content.strip()}
    if conversation.is_content_missing or not asking or not answered:
        return "unclear"
    hurt = {finding.turn for finding in findings if not finding.is_recovered}
    last_answer = next(m.body.content for m in reversed(conversation.messages) if m.turn in answered and m.body.content)
    if max(hurt, default=0) >= asking[-1] or (hurt and is_refusal(last_answer)):
        return "not"
    return "partly" if hurt else "served"


def is_refusal(answer: str) -> bool:
    """Whether an answer says that it cannot or found nothing, rather than asking for what it needs."""
    return any(
        (REFUSAL.search(sentence) or NOT_FOUND.search(sentence)) and not NO_REFUSAL.search(sentence)
        for _, sentence in sentences(answer)
    )


def first_request(conversation: Conversation) -> str:
    """The first message of the user that says more than a greeting; empty where no user spoke."""
    said = [m.body.content for m in conversation.messages if m.body.role == "user" and not m.is_delegation]
    return next((text for text in said if len(text.split()) >= 4), said[0] if said else "")


def _asked(request: str) -> str:
    return f"The user asks: “{shorten(request, _REQUEST_LENGTH)}”." if request else "No user message was seen."


def _done(conversation: Conversation, findings: Sequence[Finding]) -> str:
    used = Counter(call.name for call in conversation.tool_calls)
    named = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in used.most_common(_TOOLS_NAMED))
    more = f" and {len(used) - _TOOLS_NAMED} more" if len(used) > _TOOLS_NAMED else ""
    calls = f"The agent calls {named}{more}." if used else ""
    faults = "; ".join(dict.fromkeys(finding.statement for finding in findings if finding.is_root))
    return " ".join(part for part in (calls, f"Seen: {shorten(faults, 300)}." if faults else "") if part)


def _ended(conversation: Conversation) -> str:
    answers = [m.body.content for m in conversation.messages if m.body.role == "assistant" and m.body.content.strip()]
    if not answers:
        return "No answer was seen."
    spoken = next((sentence for _, sentence in sentences(answers[-1])), answers[-1])
    return f"The last answer begins: “{shorten(spoken, _ANSWER_LENGTH)}”."
