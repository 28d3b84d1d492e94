"""A conversation in as few tokens as tell it: users, errors, empty results, refusals and the end whole, the rest cut.

    1. Whole, always: what users said, failed and empty results, exceptions. Up to a length: refusals and the last four
       messages of user and agent.
    2. Everything else (tool output, long answers, arguments) is cut to its beginning and end; how much each may keep is
       the most that brings the digest to about an eighth of the conversation, if what is whole leaves room. Every cut says
       where and how much.
    3. What a refusal comes back to in a result that is cut is kept of it: see `cited`.
    4. A result that was told before is only referred to.
    5. What is too long even so is read in windows that overlap, each with the tools and instructions.

Nothing here knows what the model will be asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analyzer.summarise import is_refusal
from analyzer.with_model.background import tool_list
from analyzer.with_model.cited import Span, cited
from analyzer.with_model.instructions import instructions
from analyzer.with_model.pieces import Piece, pieces_of
from analyzer.with_model.tokens import estimate_tokens
from schemas.records import Conversation

_SHARE = 0.12  # of the tokens of the raw conversation
_FLOOR_TOKENS = 1_200  # a short conversation is hardly worth cutting
_CAPS = (24, 40, 60, 90, 140, 200, 300, 450, 700, 1_000, 1_500, 2_500, 4_000, 8_000)  # characters a piece may keep
_WHOLE_CAPS = (1_000_000, 100_000, 30_000, 10_000, 4_000, 2_000)  # where even what is whole exceeds all windows
_OVERLAP = 2  # pieces that two windows share
CALL = 300  # characters of a call, at the least
_NOTE = 16  # characters of a note about a cut
_CITED = 80  # characters of a result that are kept because a refusal after it comes back to them
_REFUSAL_CHARS = 4_000  # of a message, to tell whether it refuses
_REPEATED = 120  # characters from which a repetition is referred to

Hide = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Digest:
    """A conversation as it is shown. `pieces` are shortened and hidden; `windows` hold their text with the background.

    `cut_characters` were left out in `cut_count` places. Token counts are estimates.
    """

    background: str
    pieces: tuple[Piece, ...]
    windows: tuple[str, ...]
    tokens: int
    raw_tokens: int
    cut_count: int
    cut_characters: int


def digest(conversation: Conversation, hide: Hide, *, token_budget: int, window_limit: int) -> Digest:
    """Shorten a conversation.

    Args:
        conversation: any; one without messages has an empty digest of no windows.
        hide: what every text goes through before it is cut, so that nothing half hidden is left at a cut.
        token_budget: of one window.
        window_limit: beyond so many windows even what is always whole is cut.
    """
    pieces = _without_repeats(pieces_of(conversation))
    if not pieces:
        return Digest("", (), (), 0, 0, 0, 0)
    raw_tokens = _raw_tokens(conversation)
    pieces = [replace(p, text=hide(p.text), calls=tuple(hide(call) for call in p.calls)) for p in pieces]
    pieces = _with_cited(pieces)
    background = hide(_background(conversation))
    room = max(_FLOOR_TOKENS, round(raw_tokens * _SHARE)) - estimate_tokens(background)
    kept = _shortened(pieces, room, max(token_budget * window_limit - raw_tokens // 8, token_budget))
    windows = _windows(kept, background, token_budget)
    before, after = (sum(len(p.text) + sum(map(len, p.calls)) for p in group) for group in (pieces, kept))
    cuts = sum(a != b for a, b in zip(pieces, kept, strict=True))
    return Digest(
        background, tuple(kept), windows, sum(map(estimate_tokens, windows)), raw_tokens, cuts, max(before - after, 0)
    )


def show(pieces: Sequence[Piece]) -> str:
    """Pieces as text: a marker in brackets, who, what; then what a message asks of tools."""
    return "\n".join(
        f"[{piece.marker} {piece.head}] " + "\n→ ".join([piece.text, *piece.calls]).strip() for piece in pieces
    )


def _background(conversation: Conversation) -> str:
    told = instructions(conversation)
    parts = [f"TOOLS OFFERED TO THE AGENT\n{tool_list(conversation)}"]
    if told:
        parts.append(f"INSTRUCTIONS OF THE AGENT {told}")
    return "\n\n".join(parts)


def _raw_tokens(conversation: Conversation) -> int:
    """What sending all of it would take."""
    texts = [m.body.content for m in conversation.messages]
    texts += [request.arguments for m in conversation.messages for request in m.body.tool_calls]
    texts += [call.result or "" for call in conversation.tool_calls if call.result_index < 0]
    texts += [document.content for r in conversation.retrievals for document in r.documents]
    texts += [f"{t.name} {t.description} {t.parameters}" for t in conversation.tools_offered or ()]
    return sum(map(estimate_tokens, texts)) + 12 * len(conversation.messages)


def _without_repeats(pieces: Sequence[Piece]) -> list[Piece]:
    """What was told before, word for word, is referred to."""
    first: dict[str, str] = {}
    kept = []
    for piece in pieces:
        if len(piece.text) >= _REPEATED and piece.text in first:
            kept.append(replace(piece, text=f"(the same as {first[piece.text]})"))
            continue
        first.setdefault(piece.text, piece.marker)
        kept.append(piece)
    return kept


def _with_cited(pieces: Sequence[Piece]) -> list[Piece]:
    """The results with the parts that the agent comes back to where it refuses: what decided, and whether rightly."""
    refused: str = ""
    turned: list[Piece] = []
    for piece in reversed(pieces):
        if piece.head.startswith("user"):
            refused = ""
        elif piece.head.startswith("agent") and is_refusal(piece.text[:_REFUSAL_CHARS]):
            refused = piece.text
        elif refused and piece.head.startswith(("result", "retrieval")):
            piece = replace(piece, cited=tuple(cited(piece.text, [refused], room=_CITED)))
        turned.append(piece)
    return turned[::-1]


def _shortened(pieces: Sequence[Piece], room: int, limit: int) -> list[Piece]:
    """The pieces with the largest cap on what may be cut that stays within `room` tokens, and the least even if none
    does; where what is always whole exceeds `limit` tokens, that is cut too."""
    kept = [_cut(piece, _CAPS[0]) for piece in pieces]
    for cap in _CAPS[1:]:
        wider = [_cut(piece, cap) for piece in pieces]
        if estimate_tokens(show(wider)) > room:
            break
        kept = wider
    for cap in _WHOLE_CAPS:
        if estimate_tokens(show(kept)) <= limit:
            break
        kept = [_cut(replace(piece, keep=0), cap) for piece in kept]
    return kept


def _cut(piece: Piece, cap: int) -> Piece:
    calls = tuple(shorten_middle(call, max(cap, CALL)) for call in piece.calls)
    # What an agent says is worth more a character than what a tool puts out.
    cap = cap if piece.head.startswith("result") else cap * 2
    return replace(piece, text=_shorten_around(piece.text, max(cap, piece.keep), piece.cited), calls=calls)


def _shorten_around(text: str, cap: int, spans: Sequence[Span]) -> str:
    """The text's beginning and end in about `cap` characters, and the spans between them; each gap has its note."""
    if len(text) <= cap + _NOTE:
        return text
    tail = cap // 4
    inner = [(max(start, cap - tail), min(end, len(text) - tail)) for start, end in spans]
    bounds = [0, cap - tail, *(at for span in inner if span[0] < span[1] for at in span), len(text) - tail, len(text)]
    shown = text[: bounds[1]]
    for gap, start, end in zip(bounds[1::2], bounds[2::2], bounds[3::2], strict=False):
        # A gap that is no longer than its note is not worth cutting.
        shown += (f" …[{start - gap} cut]… " if start - gap > _NOTE else text[gap:start]) + text[start:end]
    return shown


def shorten_middle(text: str, cap: int) -> str:
    """The text's beginning and end in about `cap` characters, with a note of what is cut between them."""
    return _shorten_around(text, cap, ())


def _windows(pieces: Sequence[Piece], background: str, token_budget: int) -> tuple[str, ...]:
    """The pieces in runs that fit the budget, each after the background; a piece that fits in none is split."""
    room = max(token_budget - estimate_tokens(background), token_budget // 4)
    parts = [part for piece in pieces for part in _split(piece, room)]
    runs: list[list[Piece]] = [[]]
    used = 0
    for part in parts:
        size = estimate_tokens(show([part]))
        if runs[-1] and used + size > room:
            shared = runs[-1][-_OVERLAP:] if len(runs[-1]) > 2 * _OVERLAP else []
            carried = sum(estimate_tokens(show([piece])) for piece in shared)
            runs.append(list(shared) if carried + size <= room else [])
            used = carried if runs[-1] else 0
        runs[-1].append(part)
        used += size
    return tuple(f"{background}\n\nTRANSCRIPT\n{show(run)}" for run in runs)


def _split(piece: Piece, room: int) -> list[Piece]:
    """One piece in as many parts as it takes for each to fit."""
    size = estimate_tokens(show([piece]))
    if size <= room:
        return [piece]
    count = -(-size // max(room // 2, 1))  # half the room: tokens are spread unevenly
    step = -(-len(piece.text) // count)
    starts = range(0, len(piece.text), max(step, 1))
    return [
        replace(piece, head=f"{piece.head} part {n}", text=piece.text[start : start + step], calls=())
        for n, start in enumerate(starts, 1)
    ] + ([replace(piece, head=f"{piece.head} calls", text="")] if piece.calls else [])
