"""What the agent does whatever the words: calls tools it was not offered, repeats itself, claims, falls silent."""

from collections import defaultdict
from collections.abc import Iterator

from analyzer.language import word_set
from analyzer.lexicon import CLAIM, CLOSING
from analyzer.lookups import is_lookup
from analyzer.observations import (
    Observation,
    arguments_place,
    message_place,
    quote_of_call,
    request_of,
)
from analyzer.technical.failure_classes import classify
from analyzer.technical.unwrap import read_failure
from analyzer.text import sentences, words
from schemas.records import Conversation, ToolCall

_REPEATS = 3  # the second time may be a retry, the third is a loop
_SPOKEN_LENGTH = 60  # characters; shorter answers ("You're welcome!") repeat without harm
# Tools that are meant to be called again and again with the same arguments.
_POLLING = word_set("wait sleep poll status think next continue screenshot observe time now")


def unknown_tools(conversation: Conversation) -> Iterator[Observation]:
    """Each distinct tool that was called, not offered, and answered that there is no such tool.

    Any other answer shows that the tool was there and the list of offered tools incomplete.
    """
    if not conversation.tools_offered:
        return
    known = {"".join(words(tool.name)) for tool in conversation.tools_offered}
    for call in conversation.tool_calls:
        name = "".join(words(call.name))
        failure = None if name in known else read_failure(call.result or call.error_message)
        if failure and (kind := classify(failure.message)) and kind.name == "unknown_tool":
            known.add(name)
            yield Observation(
                "unknown_tool", "unknown_tools", arguments_place(conversation, call), quote_of_call(call),
                operation=call.name, subject=call.name, confidence="high",
            )  # fmt: skip


def repetitions(conversation: Conversation) -> Iterator[Observation]:
    """The same call with the same result, or the same long answer, three times or more."""
    alike: dict[tuple[int, str, str, str | None], list[ToolCall]] = defaultdict(list)
    for call in conversation.tool_calls:
        if not _POLLING & set(words(call.name)):
            alike[(call.turn, call.name, call.arguments, call.result)].append(call)
    for calls in alike.values():
        if len(calls) >= _REPEATS:
            yield Observation(
                "repetition", "repetitions", arguments_place(conversation, calls[-1]), quote_of_call(calls[-1]),
                operation=calls[-1].name, confidence="high",
            )  # fmt: skip
    spoken: dict[str, int] = defaultdict(int)
    for message in conversation.messages:
        said = " ".join(message.body.content.split())
        if message.body.role == "assistant" and len(said) >= _SPOKEN_LENGTH:
            spoken[said] += 1
            if spoken[said] == _REPEATS:
                quote = next(sentence for _, sentence in sentences(message.body.content))
                yield Observation("repetition", "repetitions", message_place(message), quote, confidence="medium")


def unbacked_claims(conversation: Conversation) -> Iterator[Observation]:
    """The first claim to have acted in a conversation whose every call so far only looked something up.

    Silent unless calls are visible at all: telemetry that records no tools proves nothing.
    """
    if not conversation.tool_calls or any(not is_lookup(call.name) for call in conversation.tool_calls):
        return
    for message in conversation.messages:
        if message.body.role != "assistant":
            continue
        for _, sentence in sentences(message.body.content):
            if CLAIM.search(sentence) and not sentence.endswith("?"):
                yield Observation(
                    "unbacked_claim", "unbacked_claims", message_place(message), sentence,
                    subject=request_of(conversation, message.turn), confidence="low",
                )  # fmt: skip
                return


def silences(conversation: Conversation) -> Iterator[Observation]:
    """A conversation whose last word is an answer of the model with neither text nor tool call."""
    if conversation.is_content_missing or not conversation.messages:
        return
    last = conversation.messages[-1]
    is_empty = last.body.role == "assistant" and not last.body.content.strip() and not last.body.tool_calls
    called = any(call.turn == last.turn and call.message_index in (-1, last.index) for call in conversation.tool_calls)
    request = next(
        (m for m in reversed(conversation.messages) if m.body.role == "user" and m.body.content.strip()), None
    )
    # Nobody needs an answer to "thanks, bye".
    if is_empty and not called and request and not CLOSING.search(request.body.content):
        yield Observation(
            "no_answer", "silences", message_place(request), request.body.content[:300].strip(), confidence="medium"
        )
