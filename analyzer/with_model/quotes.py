"""Find where a quote truly stands: what a model says it read is evidence only if it is there, letter by letter.

White space and the shape of quotation marks may differ, since models and JSON change them; what is stored is cut from
the original. A marker that is off by up to two messages is put right; a quote that stands nowhere near it is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from analyzer.observations import Place, call_position, call_texts, message_place, position_at
from analyzer.with_model.pieces import Piece
from schemas.records import Conversation, ToolCall

_MARKER = re.compile(r"\b([mcre])\s?(\d{1,7})\b")
_CUT = re.compile(r"…?\s*\[(?:… ?)?\d[\d,]* (?:characters )?cut\]\s*…?|…|\.\.\.")
_NEAR = 2  # messages that a marker may be off
_SHORTEST = 6  # characters of a part: "no" stands everywhere and shows nothing; see `find_quote` for the whole
_LIKE = {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "\u00a0": " "}


@dataclass(frozen=True, slots=True)
class Spot:
    """A place and the texts that stand there verbatim."""

    place: Place
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote as it stands in the original, and where."""

    quote: str
    place: Place


def find_quote(conversation: Conversation, pieces: tuple[Piece, ...], marker: str, quote: str) -> Quoted | None:
    """The quote where it truly stands, at the marker or next to it; None where it does not.

    Args:
        conversation: the original.
        pieces: what the model was shown of it, hidden text restored; calls are quoted in the form shown.
        marker: as the model gave it, such as `m12` or `[m12 agent]`.
        quote: with placeholders restored.
    """
    named = _MARKER.search(marker)
    if named is None:
        return None
    bare = quote.strip()
    if 0 < len(bare) < _SHORTEST:
        # Too short to show anything, unless it is all that stands there: an empty list, a lone word.
        whole = (spot for spot in _named(conversation, named[1], int(named[2])) if bare in map(str.strip, spot.texts))
        return next((Quoted(bare, spot.place) for spot in whole), None)
    for wanted in _wanted(quote):
        for spot in _near(conversation, named[1], int(named[2])):
            for text in spot.texts:
                if found := verbatim(text, wanted):
                    return Quoted(found, spot.place)
    return _quote_of_shown_call(conversation, pieces, named[1], int(named[2]), quote)


def verbatim(text: str, quote: str) -> str:
    """The part of the text that the quote repeats, white space and marks of quotation aside; empty where it has none."""
    start = text.find(quote)
    if start >= 0:
        return quote
    folded, places = _fold(text)
    wanted, _ = _fold(quote)
    at = folded.find(wanted) if wanted else -1
    return text[places[at] : places[at + len(wanted) - 1] + 1] if at >= 0 else ""


def _wanted(quote: str) -> Iterator[str]:
    """The quote as it is, then its longest part between two cuts; nothing where too little is left."""
    bare = quote.strip().strip("\"“”„'`").strip()
    if len(bare) >= _SHORTEST:
        yield bare
        parts = sorted((part.strip() for part in _CUT.split(bare)), key=len, reverse=True)
        if parts[0] != bare and len(parts[0]) >= 2 * _SHORTEST:
            yield parts[0]


@lru_cache(maxsize=16)  # several claims are searched for in the same few long texts
def _fold(text: str) -> tuple[str, list[int]]:
    """The text with single blanks and plain quotation marks, and where each of its characters stood."""
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = " " if character.isspace() else _LIKE.get(character, character)
        if plain == " " and (not kept or kept[-1] == " "):
            continue
        kept.append(plain)
        places.append(place)
    if kept and kept[-1] == " ":
        kept.pop()
        places.pop()
    return "".join(kept), places


def _near(conversation: Conversation, kind: str, number: int) -> Iterator[Spot]:
    """The spot that is named, then those of the messages around it, the nearest first."""
    named = list(_named(conversation, kind, number))
    yield from named
    center = named[0].place.position if named else number if kind == "m" else None
    if center is None:
        return
    offsets = [0] if kind != "m" else []
    offsets += [sign * step for step in range(1, _NEAR + 1) for sign in (-1, 1)]
    for offset in offsets:
        yield from _message_spots(conversation, center + offset)


def _named(conversation: Conversation, kind: str, number: int) -> Iterator[Spot]:
    match kind:
        case "m":
            yield from _message_spots(conversation, number)
        case "c" if number < len(conversation.tool_calls):
            yield from _call_spots(conversation, conversation.tool_calls[number])
        case "r" if number < len(conversation.retrievals):
            retrieval = conversation.retrievals[number]
            at = position_at(conversation, retrieval.start_ns)
            ids = (retrieval.trace_id, retrieval.span_id, _turn(conversation, at), at)
            yield Spot(Place("result", *ids), tuple(document.content for document in retrieval.documents))
            yield Spot(Place("arguments", *ids), (retrieval.query or "",))
        case "e" if number < len(conversation.exceptions):
            exception = conversation.exceptions[number]
            at = position_at(conversation, exception.time_ns)
            place = Place("exception", exception.trace_id, exception.span_id, _turn(conversation, at), at)
            yield Spot(place, (exception.message, exception.type, exception.stacktrace))


def _message_spots(conversation: Conversation, index: int) -> Iterator[Spot]:
    """A message's own text, then the calls it asked for and what only their spans tell."""
    if not 0 <= index < len(conversation.messages):
        return
    message = conversation.messages[index]
    if message.body.role != "system":
        yield Spot(message_place(message), (message.body.content,))
    for call in conversation.tool_calls:
        if call.message_index == index:
            yield from _call_spots(conversation, call)


def _call_spots(conversation: Conversation, call: ToolCall) -> Iterator[Spot]:
    at = call_position(conversation, call)
    ids = (call.trace_id, call.span_id, call.turn, at)
    yield Spot(Place("arguments", *ids), tuple(call_texts(call)))
    if call.result_index < 0 and call.result:
        yield Spot(Place("result", *ids), (call.result,))
    if call.error_message or call.error_type:
        yield Spot(Place("exception", *ids), (call.error_message, call.error_type))


def _quote_of_shown_call(
    conversation: Conversation, pieces: tuple[Piece, ...], kind: str, number: int, quote: str
) -> Quoted | None:
    """A call that was quoted as it was shown, `name(key=value)`: the longest value within the quote is the evidence, the
    tool's name only where it holds no value."""
    shown = next((piece for piece in pieces if piece.marker == f"{kind}{number}"), None)
    bare = quote.strip().strip("\"“”'`→ ").strip()
    if shown is None or len(bare) < _SHORTEST or not any(verbatim(call, bare) for call in shown.calls):
        return None
    spots = [spot for spot in _named(conversation, kind, number) if spot.place.source == "arguments"]
    held = [(text, spot.place) for spot in spots for text in spot.texts if text and text in bare]
    names = {spot.texts[-1] for spot in spots}
    best = max(held, key=lambda one: (one[0] not in names, len(one[0])), default=None)
    return Quoted(*best) if best else None


def _turn(conversation: Conversation, position: int) -> int:
    return conversation.messages[position].turn if position < len(conversation.messages) else 0
