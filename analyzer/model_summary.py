"""A summary by a model, in English whatever the language; where the model fails, the extractive one with a note."""

from collections.abc import Sequence
from pathlib import Path
from string import Template

from pydantic import BaseModel, Field

from analyzer.models import ChatModel, prompt_hash
from analyzer.summarise import Summary, summarise
from schemas.errors import ModelAnswerInvalid, ModelUnreachable
from schemas.families import Finding, Outcome
from schemas.records import Conversation

_PROMPT = Path(__file__).with_name("model_summary.txt").read_text(encoding="utf-8")
_SYSTEM, _USER = _PROMPT.split("\n---\n", 1)
_MESSAGE_LENGTH = 1_200  # characters shown of one message
_TRANSCRIPT_LENGTH = 24_000  # characters shown of a conversation; the middle is cut


class SummaryReply(BaseModel):
    """What the model is asked for."""

    request: str = Field(description="what the user wanted, at most 20 words, without names, ids or addresses")
    summary: str = Field(description="what happened, at most 60 words, without names, ids or addresses")
    outcome: Outcome = Field(description="was the request served; 'unclear' when in doubt")


def summarise_with(model: ChatModel, conversation: Conversation, findings: Sequence[Finding]) -> Summary:
    """The model's summary; the extractive one, labelled with the reason, where the model cannot be had."""
    extractive = summarise(conversation, findings)
    question = Template(_USER).substitute(transcript=transcript(conversation), fence=_fence(conversation))
    stamp = prompt_hash(_PROMPT, str(SummaryReply.model_json_schema()), model.name)
    try:
        said = model.ask(_SYSTEM, question, SummaryReply)
    except (ModelUnreachable, ModelAnswerInvalid) as error:
        return Summary(
            extractive.text, extractive.request, extractive.outcome, extractive.language,
            model=model.name, prompt_hash=stamp, note=f"without the model: {error}",
        )  # fmt: skip
    return Summary(said.summary, said.request, said.outcome, extractive.language, model.name, model.name, stamp)


def transcript(conversation: Conversation) -> str:
    """The conversation as numbered lines; a long one loses its middle and says how much."""
    lines = [
        f"[{m.index} turn {m.turn} {m.body.role}{' ' + m.body.name if m.body.name else ''}] "
        + m.body.content[:_MESSAGE_LENGTH]
        + "".join(f"\n  calls {call.name} {call.arguments[:400]}" for call in m.body.tool_calls)
        for m in conversation.messages
        if m.body.role != "system"
    ]
    text = "\n".join(lines)
    if len(text) <= _TRANSCRIPT_LENGTH:
        return text
    half = _TRANSCRIPT_LENGTH // 2
    return f"{text[:half]}\n[... {len(text) - _TRANSCRIPT_LENGTH} characters left out ...]\n{text[-half:]}"


def _fence(conversation: Conversation) -> str:
    """A tag that the transcript cannot close, since it depends on its content."""
    return "transcript-" + prompt_hash(*(message.body.content for message in conversation.messages))
