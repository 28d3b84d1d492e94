"""A digest keeps what tells of a failure, cuts the rest, and says where."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from analyzer.with_model.digest import Digest, digest, shorten_middle
from analyzer.with_model.redact import Redactor
from analyzer.with_model.tokens import estimate_tokens
from schemas.records import (
    CallStatus,
    Conversation,
    Document,
    Message,
    MessageBody,
    Retrieval,
    SpanException,
    ToolCall,
    ToolDefinition,
    ToolRequest,
)

Talk = Callable[..., Conversation]
ROWS = json.dumps([{"id": n, "city": f"town {n}", "price": 100 + n, "seats": n % 7} for n in range(80)])


def made(conversation: Conversation, *, token_budget: int = 12_000, window_limit: int = 8) -> Digest:
    """The digest with nothing hidden."""
    return digest(conversation, lambda text: text, token_budget=token_budget, window_limit=window_limit)


def long_conversation(turns: int, calls: int) -> Conversation:
    """Turns of a user's wish, lookups with long results of which one fails and one is empty, and a long answer."""
    messages: list[Message] = []
    done: list[ToolCall] = []

    def say(turn: int, body: MessageBody) -> int:
        index = len(messages)
        messages.append(Message(index, turn, body, f"{turn:032x}", f"{index:016x}", index))
        return index

    say(0, MessageBody("system", "You sell tickets. " + "Never sell two of a kind at once. " * 60))
    for turn in range(1, turns + 1):
        say(turn, MessageBody("user", f"Wish {turn}: two seats to town {turn}, please, by the window if there is one."))
        for number in range(calls):
            result = {3: '{"error": "seat map is down"}', 5: "[]"}.get(number, f"{turn}.{number} {ROWS}")
            request = ToolRequest(f"c{turn}-{number}", "find_seats", json.dumps({"town": turn, "page": number}))
            asked = say(turn, MessageBody("assistant", "", (request,)))
            answer = say(turn, MessageBody("tool", result, (), request.id))
            status: CallStatus = "error" if number == 3 else "ok"
            done.append(
                ToolCall(turn, "find_seats", f"{turn:032x}", f"{asked:016x}", asked, request.id, request.arguments,
                         result, status, message_index=asked, result_index=answer)
            )  # fmt: skip
        say(
            turn,
            MessageBody("assistant", f"I cannot book by the window in town {turn}. " + "Here is all I know. " * 40),
        )
    return Conversation("c", tuple(messages), tuple(done), tools_offered=(ToolDefinition("find_seats", "Find seats."),))


def test_a_short_conversation_is_shown_whole(talk: Talk) -> None:
    """Nothing of it is cut; each message has its marker, each call stands with the message that asked for it."""
    digested = made(
        talk(("user", "Hi, where is my parcel?"), ("call", "track", "{}", "on its way"), ("assistant", "Soon."))
    )
    assert digested.windows == (
        "TOOLS OFFERED TO THE AGENT\nnone: the agent had no tools\n\nTRANSCRIPT\n"
        "[m0 user] Hi, where is my parcel?\n[m2 result of track] on its way\n[m3 agent] Soon.",
    )
    assert (digested.cut_count, digested.cut_characters) == (0, 0)


def test_what_tells_of_a_failure_is_kept_of_the_longest() -> None:
    """Of 20 turns with 40 calls each: all wishes, refusals, failed and empty results; in at most a fifth of the tokens."""
    conversation = long_conversation(20, 40)
    digested = made(conversation, token_budget=40_000)
    shown = "\n".join(digested.windows)
    assert all(
        f"Wish {n}: two seats to town {n}, please, by the window if there is one." in shown for n in range(1, 21)
    )
    assert all(f"I cannot book by the window in town {n}." in shown for n in range(1, 21))
    kept = [piece.text for piece in digested.pieces]
    assert sum("seat map is down" in text for text in kept) == kept.count("[]") == 20
    assert digested.tokens <= digested.raw_tokens / 5


def test_every_cut_says_how_much_it_took() -> None:
    """The characters left out, summed over the notes, are those that the digest counts."""
    digested = made(long_conversation(2, 8))
    noted = sum(int(cut) for piece in digested.pieces for cut in re.findall(r"…\[(\d+) cut\]…", piece.text))
    longer = sum(len(f" …[{cut}…") for piece in digested.pieces for cut in re.findall(r"…\[(\d+ cut\])…", piece.text))
    assert digested.cut_count > 0
    assert noted == digested.cut_characters + longer + sum(piece.text.count(" cut]… ") for piece in digested.pieces)


def test_a_repeated_result_is_referred_to(talk: Talk) -> None:
    """The second time, only that it is the same is said."""
    digested = made(
        talk(("user", "Seats?"), ("call", "find", "{}", ROWS), ("call", "find", "{}", ROWS), ("assistant", "Yes."))
    )
    assert "[m4 result of find] (the same as m2)" in digested.windows[0]


def test_a_very_long_one_is_read_in_windows_that_overlap() -> None:
    """Each within the budget, each with the tools; every piece stands in at least one."""
    conversation = long_conversation(20, 12)
    digested = made(conversation, token_budget=4_000)
    assert len(digested.windows) > 1
    assert all(estimate_tokens(window) <= 4_000 for window in digested.windows)
    assert all("- find_seats(town, page)\n" in window for window in digested.windows)
    shown = "\n".join(digested.windows)
    assert all(f"[{piece.marker} " in shown for piece in digested.pieces)
    assert set(re.findall(r"\[m\d+ ", digested.windows[0])) & set(re.findall(r"\[m\d+ ", digested.windows[1]))


def test_two_megabytes_are_bounded_and_their_ends_kept(talk: Talk) -> None:
    """A user who pastes two megabytes costs at most the windows allowed; what they begin and end with is shown."""
    pasted = "BEGIN " + "lorem ipsum dolor sit amet, " * 75_000 + " END"
    digested = made(talk(("user", pasted), ("assistant", "That is long.")), token_budget=6_000, window_limit=4)
    shown = "\n".join(digested.windows)
    assert "BEGIN" in shown
    assert "END" in shown
    assert digested.tokens <= 4 * 6_000
    assert digested.cut_characters > 1_000_000


def test_binary_in_a_result_is_cut_like_any_other_text(talk: Talk) -> None:
    """Bytes that are no text are shown as far as they go, without NULs, and nothing is lost around them."""
    binary = "\x00\x89PNG\x1a" + "\x00\x01\ufffd" * 3_000
    digested = made(talk(("user", "Read this picture."), ("call", "open", "{}", binary), ("assistant", "I see a cat.")))
    assert "\x00" not in digested.windows[0]
    assert "I see a cat." in digested.windows[0]
    assert digested.cut_count == 1


@pytest.mark.parametrize("lines", [(), (("system", "Be kind."),)])
def test_a_conversation_in_which_nothing_was_said_has_no_windows(
    talk: Talk, lines: tuple[tuple[str, str], ...]
) -> None:
    """There is nothing to ask a model about."""
    conversation = replace(
        talk(),
        messages=tuple(Message(n, 0, MessageBody("system", text), "", "", 0) for n, (_, text) in enumerate(lines)),
    )
    assert made(conversation).windows == ()


def test_long_instructions_are_shown_by_the_rules_that_matter(talk: Talk) -> None:
    """Of a long policy the sentence about what was asked is kept, and the excerpt says what it is of."""
    policy = "Greet everybody. " * 200 + "Refunds must never exceed the price of the ticket. " + "Be brief. " * 200
    base = talk(
        ("user", "I want a refund above the price of my ticket."), ("assistant", "Refunds never exceed the price.")
    )
    system = Message(2, 0, MessageBody("system", policy), "", "", 0)
    shown = made(replace(base, messages=(*base.messages, system))).background
    assert "Refunds must never exceed the price of the ticket." in shown
    assert f"of {len(policy):,} characters" in shown


def test_of_hundreds_of_tools_those_of_the_request_are_described_and_none_is_dropped(talk: Talk) -> None:
    """A tool that would have served must not go unseen."""
    tools = tuple(ToolDefinition(f"tool_{n}", f"Does thing number {n}.") for n in range(150))
    tools += (ToolDefinition("cancel_subscription", "Cancel a subscription within a day."),)
    shown = made(talk(("user", "Cancel my subscription."), ("assistant", "I cannot."), tools=tools)).background
    assert "- cancel_subscription: Cancel a subscription within a day." in shown
    assert all(re.search(rf"\btool_{n}\b", shown) for n in range(150))


def test_tools_that_the_trace_does_not_declare_are_said_to_be_unknown(talk: Talk) -> None:
    """Unknown is not none: the model is told which were called."""
    shown = made(talk(("user", "Hi"), ("call", "track", "{}", "ok"), tools=None)).background
    assert "not declared in the trace; called were: track" in shown


def test_what_only_spans_tell_has_its_place(talk: Talk) -> None:
    """Retrievals, exceptions and calls without messages are shown with markers of their own."""
    base = talk(("user", "Look it up."), ("assistant", "Done."))
    conversation = replace(
        base,
        tool_calls=(ToolCall(1, "archive", "t", "s", 1, result=None, status="error", error_message="disk full"),),
        retrievals=(Retrieval("t", "u", 1, "search", query="it", documents=(Document("1", "A page about it."),)),),
        exceptions=(SpanException("t", "v", 1, "ValueError", "bad digit"),),
    )
    shown = made(conversation).windows[0]
    assert "[c0 result of archive, failed] disk full" in shown
    assert "[r0 retrieval search, 1 documents] (1) A page about it." in shown
    assert "[e0 exception in a span] ValueError: bad digit" in shown


def test_nothing_half_hidden_is_left_at_a_cut(talk: Talk) -> None:
    """Texts are hidden before they are cut: no part of an address survives."""
    answer = ("x" * 100 + " ada.king@mail.example.com ") * 200
    conversation = talk(
        ("user", "Who?"), ("call", "find", "{}", answer), ("assistant", answer), *[("user", "And?")] * 5
    )
    digested = digest(conversation, Redactor().hide, token_budget=12_000, window_limit=8)
    assert digested.cut_count > 0
    assert "ada" not in digested.windows[0]
    assert "king@" not in digested.windows[0]


@pytest.mark.parametrize("cap", [40, 100, 1_000])
def test_shortening_keeps_both_ends(cap: int) -> None:
    """In about as many characters as allowed, and never more than there were."""
    text = "".join(chr(97 + n % 26) for n in range(5_000))
    short = shorten_middle(text, cap)
    assert short.startswith(text[: cap - cap // 4])
    assert short.endswith(text[-(cap // 4) :])
    assert len(short) <= cap + 20
    assert shorten_middle("short", cap) == "short"


def test_what_a_refusal_comes_back_to_is_kept_of_a_long_result(talk: Talk) -> None:
    """The one field in the middle of a record that decides stands in the digest, with notes around it."""
    record = json.dumps({f"field_{n}": f"value {n} of it" for n in range(300)} | {"zz": 1})
    record = record.replace("value 150 of it", "basic_economy fare")
    lines = [("user", "Look."), ("call", "get", "{}", ROWS)] * 12
    refusal = ("assistant", "I cannot change it, as this is a basic_economy fare.")
    shown = made(talk(*lines, ("user", "Change."), ("call", "get", "{}", record), refusal)).windows[0]
    assert '"field_150": "basic_economy fare"' in shown
    assert "value 149 of it" not in shown


def test_where_no_call_was_recorded_that_is_said(talk: Talk) -> None:
    """So that nobody takes a deed for false because no call shows it."""
    assert "may not have been recorded" in made(talk(("user", "Hi"), ("assistant", "Booked."), tools=None)).background
    assert "recorded" not in made(talk(("user", "Hi"), ("call", "book", "{}", "ok"), tools=None)).background


def test_what_all_tools_say_is_left_out_of_each(talk: Talk) -> None:
    """A boilerplate opening tells nothing; what follows its colon does."""
    tools = tuple(
        ToolDefinition(name, f'This is a subfunction for tool "{name}". The description of this function is: "{about}"')
        for name, about in (("a", "Lists all ports."), ("b", "Finds one port."), ("c", "Books a berth."))
    )
    shown = made(talk(("user", "Hi"), ("assistant", "Hello"), tools=tools)).background
    assert "- b: Finds one port" in shown
    assert "subfunction" not in shown
