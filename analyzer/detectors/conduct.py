"""What the agent does whatever the words: calls tools it was not offered, repeats itself, claims, falls silent."""

import re
from collections import defaultdict
from collections.abc import Iterator

from analyzer.language import word_set
from analyzer.lexicon import CLAIM, CLOSING
from analyzer.lookups import is_action, is_lookup
from analyzer.observations import (
    Observation,
    arguments_place,
    message_place,
    quote_of_call,
    request_of,
)
from analyzer.technical.failure_classes import classify
from analyzer.technical.unwrap import read_failure
from analyzer.text import content_words, sentences, words
from schemas.records import Conversation, ToolCall

_REPEATS = 3  # the second time may be a retry, the third is a loop
_SPOKEN_LENGTH = 60  # characters; shorter answers ("You're welcome!") repeat without harm
# Tools that are meant to be called again and again with the same arguments.
_POLLING = word_set("wait sleep poll status think next continue screenshot observe")
_CLOCKS = word_set("time now clock")  # asked again and again too, but setting a time is no such thing

# What no model can know by itself: an id of letters and three digits or more, a telephone number, a price.
_NAMED = re.compile(
    r"(?<![\w-])(?!\d{4}-\d\d)(?=[A-Z0-9-]*[A-Z])(?=(?:[A-Z-]*\d){3})[A-Z0-9][A-Z0-9-]{3,}\b|\(?\b\d{3}\)?[ -]\d{3}[ -]\d{4}\b"
)
_NUMBER = re.compile(r"\d+")
_PRICE = re.compile(r"[$€£¥₩₹]\s?\d[\d.,]*\d|\b\d[\d.,]{0,20}\d\s?(?:€|USD|EUR|GBP)")


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
        if not _is_polling(call.name):
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


def _is_polling(name: str) -> bool:
    named = set(words(name))
    return bool(named & _POLLING) or (bool(named & _CLOCKS) and not is_action(name))


def unbacked_claims(conversation: Conversation) -> Iterator[Observation]:
    """The first claim to have acted in a conversation whose every call so far looked something up, or failed.

    Silent unless tools are visible at all: telemetry that records none proves nothing.
    """
    if not conversation.tool_calls and not conversation.tools_offered:
        return
    if any(not is_lookup(call.name) and not _has_failed(call) for call in conversation.tool_calls):
        return
    for message in conversation.messages:
        if message.body.role != "assistant":
            continue
        for _, sentence in sentences(message.body.content):
            if (claim := CLAIM.search(sentence)) and not sentence.endswith("?"):
                claimed = sentence[claim.start() :]
                yield Observation(
                    "unbacked_claim", "unbacked_claims", message_place(message), sentence,
                    subject=claimed if len(content_words(claimed)) >= 2 else sentence,
                    context=request_of(conversation, message.turn), confidence="low",
                )  # fmt: skip
                return


def _has_failed(call: ToolCall) -> bool:
    return call.status == "error" or bool(call.error_message) or read_failure(call.result or "") is not None


def inventions(conversation: Conversation) -> Iterator[Observation]:
    """The first answer that names an id or a telephone number which nothing in the conversation holds; or a price,
    where neither a call nor two numbers in the request are there that it could be computed from.

    Only where tools were offered: without any the agent speaks from what it learned.
    """
    if not conversation.tools_offered:
        return
    heard = "".join(_bare(f"{call.arguments} {call.result}") for call in conversation.tool_calls)
    for message in conversation.messages:
        if message.body.role == "assistant" and not message.is_delegation and "```" not in message.body.content:
            request = request_of(conversation, message.turn)
            can_reckon = conversation.tool_calls or len(_NUMBER.findall(request)) > 1
            known_as = (_NAMED,) if can_reckon else (_NAMED, _PRICE)
            for _, sentence in sentences(message.body.content):
                if any(_bare(value[0]) not in heard for kind in known_as for value in kind.finditer(sentence)):
                    yield Observation(
                        "invention", "inventions", message_place(message), sentence,
                        subject=request, confidence="medium",
                    )  # fmt: skip
                    return
        heard += _bare(message.body.content)


def _bare(text: str) -> str:
    """Letters and digits alone, so that one value written in two ways is one."""
    return "".join(character for character in text.lower() if character.isalnum())


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
