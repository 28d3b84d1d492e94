"""What detectors see beside plain refusals: impersonal ones, rules, promises, inventions, loops; and the words for a wish."""

import json
from collections.abc import Callable

import pytest

from analyzer.decide import decide
from analyzer.detectors import observe
from analyzer.lookups import empty_part
from analyzer.text import wish_of
from schemas.families import Finding
from schemas.records import Conversation, ToolDefinition

Talk = Callable[..., Conversation]
GET_ORDER = ToolDefinition("get_order", "Look up an order by its number")
CHANGE_ORDER = ToolDefinition("update_order", "Change an order")
SET_ALARM = ToolDefinition("set_alarm_time", "Set the time of an alarm")


def findings_of(conversation: Conversation) -> list[Finding]:
    return decide(conversation, observe(conversation))


def kinds(conversation: Conversation) -> list[tuple[str, str]]:
    return [(finding.family, finding.code) for finding in findings_of(conversation)]


@pytest.mark.parametrize(
    "answer",
    [
        "Changing the venue isn't something I can do from here.",
        "Seat maps are beyond what I can reach.",
        "Dafür fehlt mir leider die nötige Funktion.",
        "Cela n'est pas proposé dans cette messagerie.",
        "Por este canal no se hacen cambios de titular.",
        "Non rientra tra le mie funzioni.",
        "Dat kan helaas niet via deze chat.",
        "这边暂时办理不了转赠。",
        "こちらのチャットでは名義変更を承っておりません。",
    ],
)
def test_a_refusal_may_name_nobody(talk: Talk, answer: str) -> None:
    """A wish that is "not possible here" is as little served as one that somebody cannot serve."""
    assert kinds(
        talk(("user", "Please put the ticket in my sister's name"), ("assistant", answer), tools=(GET_ORDER,))
    ) == [("missing_capability", "tool_absent")]


@pytest.mark.parametrize(
    "answer",
    [
        "There is no charge for that from us.",
        "Das kostet hier keinen Aufpreis.",
        "No hay problema, ya quedó.",
        "The match is not on Friday but on Saturday.",
        "We don't have to wait: your order is ready.",
    ],
)
def test_a_negation_is_no_refusal(talk: Talk, answer: str) -> None:
    """Agents say "not" and "no" all day long."""
    assert kinds(talk(("user", "Is there anything to pay for it?"), ("assistant", answer), tools=(GET_ORDER,))) == []


def test_what_a_rule_forbids_and_no_tool_could_do_is_a_missing_capability(talk: Talk) -> None:
    """Whoever may have it waived, nobody could be served here; but with little confidence."""
    lines = (("user", "Add gift wrapping please"), ("assistant", "Gift wrapping cannot be added after payment."))
    (finding,) = findings_of(talk(*lines, tools=(GET_ORDER,)))
    assert (finding.family, finding.confidence, finding.is_boundary) == ("missing_capability", "low", True)
    assert finding.subject == "add gift wrapping"


def test_what_a_rule_forbids_and_a_tool_could_do_is_a_correct_refusal(talk: Talk) -> None:
    """The tool is there; the rule alone decides."""
    lines = (("user", "Change my order"), ("assistant", "Shipped orders cannot be changed."))
    assert kinds(talk(*lines, tools=(CHANGE_ORDER,))) == [("user_or_policy", "correct_refusal")]
    asked = (("user", "Make an exception"), ("assistant", "I cannot make exceptions to the return policy."))
    assert kinds(talk(*asked, tools=(GET_ORDER,))) == [("user_or_policy", "correct_refusal")]


def test_an_id_that_nothing_told_is_an_invention(talk: Talk) -> None:
    """No model knows a confirmation number by itself."""
    lines = (("user", "Book the four o'clock tour"), ("assistant", "Done, your number is TR-90412."))
    assert kinds(talk(*lines, tools=(GET_ORDER,))) == [("agent_mistake", "fabricated")]


@pytest.mark.parametrize(
    ("lines", "tools"),
    [
        ([("user", "Where is TR-90412?"), ("assistant", "TR 90412 is on its way.")], (GET_ORDER,)),
        (
            [
                ("user", "And my tour?"),
                ("call", "get_order", "{}", '{"id": "TR-90412"}'),
                ("assistant", "It is TR-90412."),
            ],
            (GET_ORDER,),
        ),
        ([("user", "Which road goes south?"), ("assistant", "Take the N-1042 there.")], ()),
        ([("user", "When was that?"), ("assistant", "At 2026-01-02T10:15:00 sharp.")], (GET_ORDER,)),
    ],
)
def test_what_was_told_or_is_known_to_all_is_no_invention(
    talk: Talk, lines: list[tuple[str, ...]], tools: tuple[ToolDefinition, ...]
) -> None:
    """Users and tools tell ids, spelled as they like; without tools an agent speaks from what it learned."""
    assert kinds(talk(*lines, tools=tools)) == []


def test_a_price_may_be_computed_from_what_tools_bring(talk: Talk) -> None:
    """Sums stand in no result."""
    call = ("call", "get_order", "{}", '{"items": [20, 22]}')
    assert kinds(talk(("user", "What do I owe you?"), call, ("assistant", "It is $42.00."), tools=(GET_ORDER,))) == []
    assert kinds(talk(("user", "What do I owe you?"), ("assistant", "It is $42.00."), tools=(GET_ORDER,))) == [
        ("agent_mistake", "fabricated")
    ]
    reckoned = ("user", "I had 52 dollars and spent 10"), ("assistant", "Then $42.00 are left.")
    assert kinds(talk(*reckoned, tools=(GET_ORDER,))) == []


@pytest.mark.parametrize(
    "said",
    [
        "Let me try this:\n```python\nprint('Population data not found.')\n```\nPlease run it.",
        "The element with that id was not found, leading to the error.",
    ],
)
def test_what_an_agent_programs_or_mends_is_not_what_it_says(talk: Talk, said: str) -> None:
    """Words in its code are said by nobody, and a fault that it tells of is told by the call that failed."""
    assert kinds(talk(("user", "How many live there?"), ("assistant", said))) == []


def test_a_deed_whose_call_failed_is_a_false_promise(talk: Talk) -> None:
    """The agent says that it has done what its only call did not."""
    call = ("call", "update_order", "{}", '{"error": "internal server error"}')
    found = kinds(
        talk(("user", "Change the address"), call, ("assistant", "I have updated your order."), tools=(CHANGE_ORDER,))
    )
    assert ("agent_mistake", "false_promise") in found


def test_setting_the_same_time_again_and_again_is_a_loop(talk: Talk) -> None:
    """Asking for the time may go on; setting it may not."""
    calls = [("call", "set_alarm_time", '{"at": "7"}', "ok")] * 3
    assert kinds(talk(("user", "Wake me at 7"), *calls, tools=(SET_ALARM,))) == [("agent_mistake", "loop")]
    asked = [("call", "current_time", "{}", "10:00")] * 3
    assert kinds(talk(("user", "Wait until ten"), *asked, tools=(SET_ALARM,))) == []


@pytest.mark.parametrize("result", ['{"loans": []}', '{"tours": [], "total": 0}', '{"next_page": null, "seats": []}'])
def test_an_object_of_empty_lists_holds_nothing(result: str) -> None:
    """Whatever the list is called, and whatever the tool is for."""
    assert empty_part("get_loans", result) == result
    assert empty_part("extend_loan", result) == result or empty_part("book_tour", result) == result


@pytest.mark.parametrize(
    "result", ['{"errors": []}', '{"warnings": [], "id": 7}', '{"id": 7, "notes": []}', "null", "{}"]
)
def test_an_action_that_reports_no_errors_did_what_it_should(result: str) -> None:
    """Empty lists of what went wrong are good news, and nothing at all is what many actions answer."""
    assert empty_part("book_tour", result) is None


@pytest.mark.parametrize(
    "result", ['{"found_orders": [{"id": 7}], "cancelled_orders": []}', '{"seat_list": ["4A"], "waiting_list": []}']
)
def test_an_empty_list_beside_a_full_one_is_not_nothing(result: str) -> None:
    """Also where both names end in the same word."""
    assert empty_part("find_orders", result) is None


def test_a_report_on_the_user_is_left_out_of_the_wish(talk: Talk) -> None:
    """Of "the user, known as ..., wants to ..." only what comes after is the wish."""
    reason = json.dumps({"summary": "The user, Ann (ID: ann_7), wants to swap her garden plot for a sunny one."})
    call = ("call", "transfer_to_human", reason, "ok")
    (finding,) = findings_of(talk(("user", "Can I have another plot, in the sun?"), call, tools=(GET_ORDER,)))
    assert finding.subject == "swap her garden plot for a sunny one"


def test_what_the_agent_had_asked_for_is_no_wish(talk: Talk) -> None:
    """The wish stands in an earlier turn where the turn's own message tells a number."""
    lines = (
        ("user", "Can you paint my bicycle blue?"), ("assistant", "What is its number?"),
        ("user", "Sure, my frame number is 4711 0815."), ("assistant", "I'm sorry, I cannot help with that."),
    )  # fmt: skip
    assert [finding.subject for finding in findings_of(talk(*lines, tools=(GET_ORDER,)))] == ["paint my bicycle blue"]


def test_a_wish_in_a_script_without_spaces_survives_its_id() -> None:
    """The id goes, the sentence stays."""
    assert wish_of("予約C-7702をキャンセルしてください") == "予約 をキャンセルしてください"


def test_a_wish_neither_begins_nor_ends_in_the_middle() -> None:
    """Cut at ten words it still ends with a word that means something; an acronym stays one."""
    assert wish_of("could you book me a table for Friday without") == "book me a table"
    long = "please change the seat and the meal and the bags of my flight and the rest"
    assert wish_of(long) == "change the seat and the meal and the bags"
    assert wish_of("MRN of the patient") == "MRN of the patient"


def test_what_is_claimed_tells_false_promises_apart(talk: Talk) -> None:
    """The user only says yes; the finding is about what the agent says it did."""
    found = findings_of(
        talk(
            ("user", "Yes, please go ahead"),
            ("assistant", "All set: I've cancelled your order 12."),
            tools=(GET_ORDER,),
        )
    )
    assert [(finding.code, finding.subject) for finding in found] == [("false_promise", "cancelled your order")]


def test_a_handover_without_a_reason_is_about_what_was_wished(talk: Talk) -> None:
    """Courtesies with a name in them say nothing of the wish."""
    call = (
        "call",
        "transfer_to_human",
        json.dumps({"summary": "Please assist Ann Maria Lee further with her request"}),
        "ok",
    )
    (found,) = findings_of(talk(("user", "Add a dog to my trip"), call, tools=(GET_ORDER,)))
    assert found.subject == "add a dog to my trip"


@pytest.mark.parametrize("text", ["he " * 100_000, "1," * 100_000], ids=["words", "digits"])
def test_a_long_text_does_not_hold_up_an_analysis(talk: Talk, text: str) -> None:
    """A report of the user that comes to no end, and numbers without a blank: in square time each would take minutes."""
    call = ("call", "transfer_to_human", json.dumps({"summary": text}), "ok")
    assert not observe(talk(("user", "Tell me all of them"), ("assistant", text), tools=(GET_ORDER,)))
    handover, *_ = observe(talk(("user", "Tell me all of them"), call, tools=(GET_ORDER,)))
    assert handover.subject == "Tell me all of them"
