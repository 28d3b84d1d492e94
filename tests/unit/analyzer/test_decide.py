"""From what was said and done to family and code: the decision rule, case by case, with what it must not find."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from analyzer.decide import decide
from analyzer.detectors import observe
from analyzer.evidence import Gate, locate
from schemas.families import CODES, Finding
from schemas.records import Conversation, Document, Retrieval, SpanException, ToolDefinition

Talk = Callable[..., Conversation]
GET_ORDER = ToolDefinition("get_order", "Look up an order by its number")
CANCEL = ToolDefinition("cancel_order", "Cancel an order")
LATE = '{"status": "late"}'


def findings_of(conversation: Conversation) -> list[Finding]:
    """What passes the whole road but the database."""
    return list(Gate().admit(conversation, decide(conversation, observe(conversation))))


def kinds(conversation: Conversation) -> list[tuple[str, str]]:
    """Family and code of each root."""
    return [(finding.family, finding.code) for finding in findings_of(conversation) if finding.is_root]


def test_a_refusal_that_no_tool_covers_is_a_missing_capability(talk: Talk) -> None:
    """The agent says that it cannot, and nothing it was offered could."""
    conversation = talk(
        ("user", "Please change my newsletter settings"),
        ("assistant", "I'm sorry, I'm unable to change newsletter settings."),
        tools=(GET_ORDER,),
    )
    (finding,) = findings_of(conversation)
    assert (finding.family, finding.code, finding.confidence) == ("missing_capability", "tool_absent", "medium")
    assert finding.subject == "change newsletter settings"


def test_a_refusal_that_a_tool_covers_is_a_false_refusal(talk: Talk) -> None:
    """The same words are the agent's mistake once the tool is there: the list of tools decides."""
    lines = (("user", "Please cancel my order"), ("assistant", "I'm sorry, I can't cancel orders for you."))
    assert kinds(talk(*lines, tools=(CANCEL,))) == [("agent_mistake", "false_refusal")]
    assert kinds(talk(*lines, tools=(GET_ORDER,))) == [("missing_capability", "operation_unsupported")]


def test_without_a_list_of_tools_confidence_is_low(talk: Talk) -> None:
    """Unknown is not none."""
    (finding,) = findings_of(
        talk(("user", "Cancel it, will you"), ("assistant", "I cannot cancel orders."), tools=None)
    )
    assert (finding.family, finding.confidence) == ("missing_capability", "low")


def test_a_rule_of_the_business_is_no_missing_capability(talk: Talk) -> None:
    """What policy decided is counted apart."""
    said = "I can't refund this order because it is non-refundable under our policy."
    assert kinds(talk(("user", "Refund my order please"), ("assistant", said))) == [
        ("user_or_policy", "correct_refusal")
    ]


@pytest.mark.parametrize(
    "said",
    [
        "I can't look that up without your order number.",
        "If you can't find it, check your inbox.",
        "I can't wait to help you!",
        "You can't go wrong with the blue one.",
        "Could you share the number? I can't see it yet?",
    ],
)
def test_what_sounds_like_a_refusal_is_none(talk: Talk, said: str) -> None:
    """Asking for what is needed, talking of the user, and figures of speech refuse nothing."""
    assert kinds(talk(("user", "Where is my order then?"), ("assistant", said))) == []


@pytest.mark.parametrize(
    "said",
    [
        "Ich kann Ihre Lieferadresse leider nicht ändern.",
        "Je ne peux malheureusement pas modifier cette adresse.",
        "Lo siento, no puedo cambiar la dirección de entrega.",
        "Desculpe, não consigo alterar o endereço de entrega.",
        "Mi dispiace, non posso modificare l'indirizzo.",
        "Niestety nie mogę zmienić adresu dostawy.",
        "К сожалению, я не могу изменить адрес.",
        "抱歉，我无法更改地址。",
        "申し訳ございませんが、住所の変更はできません。",
        "죄송하지만 주소를 변경할 수 없습니다.",
    ],
)
def test_refusals_are_heard_in_many_languages(talk: Talk, said: str) -> None:
    """No tool list, no translation: the words are enough."""
    assert kinds(talk(("user", "Adresse 12"), ("assistant", said), tools=(GET_ORDER,))) == [
        ("missing_capability", "tool_absent")
    ]


def test_an_empty_lookup_is_missing_inventory_and_the_answer_its_consequence(talk: Talk) -> None:
    """One fault, told once; what the agent then says belongs to it."""
    conversation = talk(
        ("user", "What is the warranty on used phones?"),
        ("call", "search_docs", '{"query": "warranty used phones"}', "[]"),
        ("assistant", "I couldn't find any information about that."),
    )
    root, consequence = findings_of(conversation)
    assert (root.family, root.code, root.is_root) == ("missing_inventory", "content_absent", True)
    assert (consequence.family, consequence.is_root) == ("missing_inventory", False)
    assert consequence.subject == root.subject


@pytest.mark.parametrize(
    "empty",
    [
        "[]",
        "{}",
        "null",
        '{"results": []}',
        '{"count": 0, "items": []}',
        "No results found",
        '{"error": "customer not found"}',
    ],
)
def test_nothing_has_many_forms(talk: Talk, empty: str) -> None:
    """Each shape of an empty answer is recognised for a lookup."""
    assert kinds(talk(("user", "Find Ann, please, now"), ("call", "find_customer", '{"name": "Ann"}', empty))) == [
        ("missing_inventory", "content_absent")
    ]


def test_a_corrected_lookup_is_no_issue(talk: Talk) -> None:
    """A mistyped number that the next lookup puts right hurts nobody, nor does what was said in between."""
    conversation = talk(
        ("user", "Where is order B-9999?"),
        ("call", "get_order", '{"id": "B-9999"}', '{"error": "order B-9999 not found"}'),
        ("assistant", "I cannot find B-9999. Is the number right?"),
        ("user", "Sorry, it is B-9998"),
        ("call", "get_order", '{"id": "B-9998"}', LATE),
        ("assistant", "It is late."),
    )
    assert findings_of(conversation) == []


def test_an_action_that_returns_nothing_is_no_empty_lookup(talk: Talk) -> None:
    """A tool that sends or deletes has nothing to show."""
    assert kinds(talk(("user", "Send it to me please"), ("call", "send_mail", '{"to": "me"}', "[]"))) == []


def test_a_failed_call_is_technical_and_recovery_is_marked(talk: Talk) -> None:
    """A failure that a retry mends is still a technical error."""
    conversation = talk(
        ("user", "Where is my order number 5?"),
        ("call", "get_order", '{"id": 5}', "Error: upstream timed out"),
        ("call", "get_order", '{"id": 5}', LATE),
        ("assistant", "It is late."),
    )
    (finding,) = findings_of(conversation)
    assert (finding.family, finding.code, finding.is_recovered) == ("technical_error", "timeout", True)
    assert finding.title == "get_order: timed out"


def test_the_apology_after_a_failure_is_no_second_fault(talk: Talk) -> None:
    """What follows from the failure shares its group."""
    conversation = talk(
        ("user", "Refund order 5 to me please"),
        ("call", "refund_order", '{"id": 5}', '{"error": "503 Service Unavailable"}'),
        ("assistant", "I'm sorry, I can't process refunds right now."),
    )
    root, consequence = findings_of(conversation)
    assert (root.is_root, consequence.is_root) == (True, False)
    assert root.group_key == consequence.group_key != ""


def test_one_failure_on_many_spans_is_told_once(talk: Talk) -> None:
    """The tool's result, its span's exception and the same one on every span above are one failure."""
    base = talk(("user", "Where is order 5 now?"), ("call", "get_order", "{}", "Error: boom happened"))
    trace = base.tool_calls[0].trace_id
    exceptions = tuple(
        SpanException(trace, f"{n:016x}", n, "RuntimeError", "boom happened", operation="") for n in range(70, 73)
    )
    assert len(findings_of(replace(base, exceptions=exceptions))) == 1


def test_an_exception_of_the_model_is_quoted_from_its_span(talk: Talk) -> None:
    """Without any message to quote, the exception's own text is the evidence."""
    failed = SpanException("f" * 32, "a" * 16, 9, "RateLimitError", "429 slow down", source="llm", operation="chat gpt")
    (finding,) = findings_of(replace(talk(("user", "Hello there, anyone?")), exceptions=(failed,)))
    assert (finding.code, finding.quote, finding.quote_source, finding.span_id) == (
        "rate_limit", "429 slow down", "exception", "a" * 16,
    )  # fmt: skip


def test_the_third_equal_call_is_a_loop(talk: Talk) -> None:
    """Twice may be a retry; polling is meant to repeat."""
    call = ("call", "get_order", '{"id": 5}', LATE)
    poll = ("call", "get_status", '{"id": 5}', LATE)
    ask = ("user", "Where is order 5 now?")
    assert kinds(talk(ask, call, call)) == []
    assert kinds(talk(ask, call, call, call)) == [("agent_mistake", "loop")]
    assert kinds(talk(ask, poll, poll, poll)) == []


def test_a_tool_that_does_not_exist_is_a_wrong_tool(talk: Talk) -> None:
    """Only an answer that says so counts: a tool that answered was there, whatever the list says."""
    missing = ("call", "get_weather", "{}", "Error: unknown tool get_weather")
    there = ("call", "get_weather", "{}", '{"sky": "blue"}')
    ask = ("user", "How is the weather today?")
    assert ("agent_mistake", "wrong_tool") in kinds(talk(ask, missing, tools=(GET_ORDER,)))
    assert kinds(talk(ask, there, tools=(GET_ORDER,))) == []


def test_an_empty_retrieval_is_missing_inventory(talk: Talk) -> None:
    """A query without documents; one with near documents is fine, a far one only when the answer admits it."""
    base = talk(("user", "How do I descale the machine?"), ("assistant", "Sorry, no information was found."))

    def with_scores(*scores: float) -> Conversation:
        documents = tuple(Document(str(score), "text", score) for score in scores)
        return replace(base, retrievals=(Retrieval("f" * 32, "b" * 16, 1, "kb", query="descale", documents=documents),))

    assert kinds(with_scores())[0] == ("missing_inventory", "content_absent")
    assert findings_of(with_scores(0.12, 0.1))[0].detector == "empty_lookups"
    assert "empty_lookups" not in [finding.detector for finding in findings_of(with_scores(0.9, 0.1))]


def test_a_conversation_that_goes_well_has_no_findings(talk: Talk) -> None:
    """Nothing is found where nothing is wrong."""
    conversation = talk(
        ("user", "Where is my order number 5?"),
        ("call", "get_order", '{"id": 5}', LATE),
        ("assistant", "It is late, but it will arrive tomorrow. Anything else?"),
        ("user", "No, thank you!"),
        ("assistant", "You're welcome!"),
        tools=(GET_ORDER,),
    )
    assert findings_of(conversation) == []


def test_a_quote_that_is_not_there_is_dropped_and_counted(talk: Talk) -> None:
    """One letter changed, another span or another message: the finding does not pass."""
    conversation = talk(("user", "Cancel it for me"), ("assistant", "I cannot cancel orders."))
    (good,) = findings_of(conversation)
    assert conversation.messages[good.message_index].body.content[good.quote_start : good.quote_end] == good.quote
    bad = [
        replace(good, quote="I can not cancel orders."),
        replace(good, span_id="0" * 15 + "9"),
        replace(good, message_index=0),
        replace(good, message_index=99),
        replace(good, quote=""),
    ]
    gate = Gate()
    assert list(gate.admit(conversation, bad)) == []
    assert (gate.seen, gate.rejected) == (5, 5)
    assert locate(conversation, good) == good


def test_statements_are_short_and_codes_belong_to_their_family(talk: Talk) -> None:
    """Every finding of these cases keeps the contract of the table."""
    conversation = talk(
        ("user", "Please cancel order A77 for Mr. Smith and call Ann@example.org"),
        ("call", "get_order", '{"id": "A77"}', "Error: boom"),
        ("assistant", "I'm unable to reach Ann Smith for you."),
        ("user", "Then change the name on the invoice to Bob Jones"),
        ("assistant", "I'm unable to change the name on the invoice to Bob Jones."),
        tools=(GET_ORDER,),
    )
    for finding in findings_of(conversation):
        assert 5 <= len(finding.statement.split()) <= 20
        assert finding.code in CODES[finding.family]
        assert not any(name in finding.statement for name in ("Smith", "Ann", "Bob", "Jones", "A77"))
