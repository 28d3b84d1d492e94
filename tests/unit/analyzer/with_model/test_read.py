"""A reading from the first question to the findings, with answers that were written for it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from analyzer.facets.definitions import FacetDefinition
from analyzer.with_model.places import position_of
from analyzer.with_model.read import read_conversation
from analyzer.with_model.reading import GateCounts, ReadingSetup
from analyzer.with_model.tokens import estimate_tokens
from schemas.errors import ModelAnswerInvalid, ModelPending, ModelRefused, ModelUnreachable
from schemas.records import Conversation, Message, MessageBody, ToolDefinition, ToolRequest

Talk = Callable[..., Conversation]
Json = dict[str, Any]  # Any: an answer as JSON
Claimed = Callable[..., Json]
TOOLS = (ToolDefinition("find_invoice", "Find an invoice by its month."),)


@pytest.fixture
def invoices(talk: Talk) -> Conversation:
    """A user who wants two invoices compared, and an agent that can only find one."""
    return talk(
        ("user", "Hello, ada.king@mail.example.com here. Compare the invoices of March and April."),
        ("call", "find_invoice", '{"month": "March"}', '{"rows": [{"month": "March", "total": 41}]}'),
        ("assistant", "I cannot compare invoices, and April's total was 93 euros."),
        tools=TOOLS,
    )


@pytest.fixture
def capability(claimed: Claimed) -> Json:
    """The claim that a tool is missing."""
    return claimed(
        "m3", "I cannot compare invoices", "tool_absent", tool_would_serve=True, tool_name="compare_invoices",
        statement="No tool compares two invoices for the user",
    )  # fmt: skip


def test_a_reading_has_all_its_parts(
    invoices: Conversation,
    scripted: Any,
    said: Claimed,
    claimed: Claimed,
    capability: Json,
    bear_out: Any,
    found_in: Any,
) -> None:
    """Summary, facets and findings that were held to the conversation and borne out by the verifier."""
    invented = claimed("m3", "April's total was 93 euros", "fabricated", statement="The total of April is made up")
    model = scripted(
        lambda question: said(capability, invented, outcome="not", user_language="EN", task="compare invoices"),
        lambda question: bear_out(2),
    )
    reading = read_conversation(model, invoices, found_in(invoices), ReadingSetup())
    assert reading.state == "analysed"
    assert (reading.summary.outcome, reading.summary.language, reading.summary.by) == ("not", "en", "scripted")
    assert [(f.code, f.verdict, f.model, f.detector) for f in reading.findings] == [
        ("tool_absent", "supported", "scripted", "model"),
        ("fabricated", "supported", "scripted", "model"),
    ]
    assert reading.gate == GateCounts(claimed=2, admitted=2)
    facets = {facet.name: facet.value for facet in reading.facets}
    assert (facets["task"], facets["tool_calls"], facets["findings_verdict"]) == ("compare invoices", 1.0, "findings")
    assert set(reading.prompt_hashes) == {"read", "verify"}
    assert reading.findings[0].prompt_hash == reading.prompt_hashes["read"]


def test_no_personal_data_leaves_the_process_in_any_question(
    invoices: Conversation, scripted: Any, said: Claimed, claimed: Claimed
) -> None:
    """Not in the first, not in the one that mends quotes, not in the verifier's; the stored quote is verbatim."""
    quote = claimed("m0", "<email-1> here")
    lost = claimed("m0", "never said by anybody")
    model = scripted(lambda question: said(quote, lost, summary="Told by <email-1> and bob@x.org."))
    reading = read_conversation(model, invoices, [], ReadingSetup())
    assert {form for form, _, _ in model.asked} == {"ReadReply", "RequoteReply", "VerifyReply"}
    assert not any("ada.king" in system + user for _, system, user in model.asked)
    assert reading.findings[0].quote == "ada.king@mail.example.com here"
    assert reading.summary.text == "Told by [email] and [email]."


def test_personal_data_can_be_kept_out_of_stored_quotes(
    invoices: Conversation, scripted: Any, said: Claimed, claimed: Claimed
) -> None:
    """Where a team asks for it; the offsets still lead to the original."""
    model = scripted(lambda question: said(claimed("m0", "<email-1> here")))
    (finding,) = read_conversation(model, invoices, [], ReadingSetup(redacts_quotes=True)).findings
    assert finding.quote == "<email-1> here"
    assert (
        invoices.messages[0].body.content[finding.quote_start : finding.quote_end] == "ada.king@mail.example.com here"
    )


def test_a_quote_that_stands_nowhere_is_sent_back_once(
    invoices: Conversation, scripted: Any, said: Claimed, claimed: Claimed
) -> None:
    """Mended, it is admitted; still not there, it is dropped and counted. The question says which and shows where."""
    one, other = claimed("m3", "I can not compare bills"), claimed("m3", "nobody said that", "loop")
    model = scripted(
        lambda question: said(one, other),
        requote=lambda question: {"quotes": [{"number": 1, "marker": "m3", "quote": "I cannot compare invoices"}]},
    )
    reading = read_conversation(model, invoices, [], ReadingSetup())
    assert [finding.quote for finding in reading.findings] == ["I cannot compare invoices"]
    assert reading.gate == GateCounts(claimed=2, admitted=1, retried=2, unquoted=1)
    (asked,) = model.questions("Requote")
    assert "QUOTE, m3: I can not compare bills" in asked
    assert "[m3 agent] I cannot compare invoices" in asked


@pytest.mark.parametrize(
    ("verdict", "expected"), [("supported", ["high"]), ("unclear", ["low"]), ("contradicted", []), ("", ["low"])]
)
def test_the_verifier_decides_what_stays(
    invoices: Conversation, scripted: Any, said: Claimed, capability: Json, verdict: str, expected: list[str]
) -> None:
    """Contradicted claims go and are counted; unclear ones, and those it forgot, stay with low confidence."""
    verdicts = [{"number": 1, "verdict": verdict}] if verdict else []
    model = scripted(lambda question: said(capability), lambda question: {"verdicts": verdicts})
    reading = read_conversation(model, invoices, [], ReadingSetup())
    assert [finding.confidence for finding in reading.findings] == expected
    assert reading.gate.contradicted == (verdict == "contradicted")
    assert reading.gate.admitted == len(expected)


def test_the_verifier_sees_claim_quote_neighbourhood_and_tools_alone(
    talk: Talk, scripted: Any, said: Claimed, claimed: Claimed
) -> None:
    """Nothing of the first answer, and nothing of the conversation that is far away."""
    filler = [("assistant", f"Filler {n}.") for n in range(13)]
    conversation = talk(
        ("user", "A far away wish."), *filler, ("user", "Compare."), ("assistant", "I cannot compare."), tools=TOOLS
    )
    model = scripted(lambda question: said(claimed("m15", "I cannot compare."), summary="A summary of it all."))
    read_conversation(model, conversation, [], ReadingSetup())
    (asked,) = model.questions("Verify")
    assert "find_invoice: Find an invoice by its month." in asked
    assert "[m15 agent] I cannot compare." in asked
    assert "far away wish" not in asked
    assert "A summary of it all" not in asked


def test_facts_of_detectors_stay_and_are_not_told_twice(
    talk: Talk, scripted: Any, said: Claimed, claimed: Claimed, found_in: Any
) -> None:
    """A failed call is a fact whatever the model says of it; its own claim about it is counted as repeated."""
    conversation = talk(
        ("user", "Find the invoice of March."),
        ("call", "find_invoice", '{"month": "March"}', "Error: the invoice service timed out after 30 s"),
        ("assistant", "Something went wrong."),
        tools=TOOLS,
    )
    failed = replace(conversation, tool_calls=(replace(conversation.tool_calls[0], status="error"),))
    found = found_in(failed)
    assert [f.family for f in found if f.is_root] == ["technical_error"]
    model = scripted(lambda question: said(claimed("m2", "the invoice service timed out", "timeout")))
    reading = read_conversation(model, failed, found, ReadingSetup())
    assert [(f.family, f.detector) for f in reading.findings if f.is_root] == [("technical_error", found[0].detector)]
    assert reading.gate == GateCounts(claimed=1, repeated=1)
    assert "\n- k1 m2 timeout: " in model.questions("Read")[0]


@pytest.mark.parametrize(("verdict", "stays"), [("contradicted", False), ("supported", True)])
def test_a_failure_read_out_of_words_may_be_contested(
    talk: Talk, scripted: Any, said: Claimed, found_in: Any, verdict: str, stays: bool
) -> None:
    """Named in known_wrong, it is put to the verifier; a number that nobody gave changes nothing."""
    conversation = talk(
        ("user", "Find the invoice of March."),
        ("call", "find_invoice", '{"month": "March"}', "Error: the word of the month is error"),
        ("assistant", "Your invoice says: error."),
        tools=TOOLS,
    )
    found = found_in(conversation)
    judged = {"verdicts": [{"number": 1, "verdict": verdict}]}
    model = scripted(lambda question: said(known_wrong=["k1", "k9"]), lambda question: judged)
    reading = read_conversation(model, conversation, found, ReadingSetup())
    assert any(f.family == "technical_error" for f in reading.findings) is stays
    assert reading.gate.detectors_contradicted == (not stays)


def test_what_a_machine_marked_as_failed_cannot_be_contested(
    talk: Talk, scripted: Any, said: Claimed, found_in: Any
) -> None:
    """It has no number, and naming one does nothing."""
    conversation = talk(
        ("user", "Find the invoice of March."),
        ("call", "find_invoice", '{"month": "March"}', "Error: timed out after 30 s"),
        ("assistant", "Something went wrong."),
        tools=TOOLS,
    )
    failed = replace(conversation.tool_calls[0], status="error", error_type="TimeoutError")
    conversation = replace(conversation, tool_calls=(failed,))
    found = found_in(conversation)
    model = scripted(lambda question: said(known_wrong=["k1"]))
    reading = read_conversation(model, conversation, found, ReadingSetup())
    assert [f.family for f in reading.findings if f.is_root] == ["technical_error"]
    assert model.questions("Verify") == []


def test_a_suspicion_of_detectors_is_put_to_the_verifier(
    invoices: Conversation, scripted: Any, said: Claimed, found_in: Any
) -> None:
    """What rests on words alone, and the model did not claim, goes where the sceptic contradicts it."""
    found = found_in(invoices)
    assert [f.family for f in found] == ["missing_capability"]
    contradicts = scripted(lambda q: said(), lambda q: {"verdicts": [{"number": 1, "verdict": "contradicted"}]})
    supports = scripted(lambda q: said(), lambda q: {"verdicts": [{"number": 1, "verdict": "supported"}]})
    dropped = read_conversation(contradicts, invoices, found, ReadingSetup())
    kept = read_conversation(supports, invoices, found, ReadingSetup())
    assert (dropped.findings, dropped.gate.detectors_contradicted) == ((), 1)
    assert [(f.detector, f.verdict) for f in kept.findings] == [(found[0].detector, "supported")]
    assert "SUSPECTED" in kept_question(supports)


def kept_question(model: Any) -> str:
    """The first question that a model was asked."""
    return str(model.questions("Read")[0])


@pytest.mark.parametrize("verdict", ["none", "insufficient_evidence"])
def test_none_and_insufficient_evidence_are_answers(
    invoices: Conversation, scripted: Any, said: Claimed, verdict: str
) -> None:
    """Both are stored as such, and nothing more is asked."""
    model = scripted(lambda question: said(verdict=verdict))
    reading = read_conversation(model, invoices, [], ReadingSetup())
    assert {f.name: f.value for f in reading.facets}["findings_verdict"] == verdict
    assert reading.findings == ()
    assert len(model.asked) == 1


def test_a_teams_facets_are_asked_and_typed(invoices: Conversation, scripted: Any, said: Claimed) -> None:
    """Each has its answer or None; the question stands in the prompt with its choices."""
    setup = ReadingSetup(
        facets=(
            FacetDefinition("upgrade_offered", "Did the agent offer an upgrade?", "bool"),
            FacetDefinition("channel", "Where does the user write from?", "choice", ("web", "phone")),
            FacetDefinition("amount", "Which total is named?", "number"),
            FacetDefinition("product", "Which product?", "text"),
        ),
        card="An agent for invoices.",
    )
    answers = {"upgrade_offered": False, "channel": None, "amount": 41, "product": "of <email-1>"}
    model = scripted(lambda question: said(facets=answers))
    reading = read_conversation(model, invoices, [], setup)
    told = {f.name: (f.type, f.value, f.by) for f in reading.facets}
    assert told["upgrade_offered"] == ("bool", False, "scripted")
    assert told["channel"] == ("choice", None, "scripted")
    assert told["amount"] == ("number", 41.0, "scripted")
    assert told["product"] == ("text", "of [email]", "scripted")
    question = kept_question(model)
    assert "facets.channel: Where does the user write from? (web | phone)" in question
    assert "An agent for invoices." in question


@pytest.mark.parametrize("error", [ModelUnreachable("gone"), ModelAnswerInvalid("garbage")])
@pytest.mark.parametrize("step", ["read", "verify"])
def test_a_model_that_fails_leaves_what_detectors_found(
    invoices: Conversation, scripted: Any, said: Claimed, capability: Json, found_in: Any, error: Exception, step: str
) -> None:
    """At whichever question: the state says why, the summary is the extractive one, facets of a model are unanswered."""

    def fail(question: str) -> Json:
        raise error

    model = scripted(fail if step == "read" else lambda question: said(capability), fail)
    found = found_in(invoices)
    reading = read_conversation(model, invoices, found, ReadingSetup())
    assert reading.state == f"failed: {error}"
    assert reading.findings == tuple(found)
    assert reading.summary.by == "extractive"
    assert {f.name: (f.value, f.by) for f in reading.facets}["task"] == (None, "")


@pytest.mark.parametrize("error", [ModelPending, ModelRefused])
def test_what_is_not_about_one_conversation_passes_through(
    invoices: Conversation, scripted: Any, error: type[Exception]
) -> None:
    """An answer that is still to come, or a key that is refused, is the caller's to handle."""

    def fail(question: str) -> Json:
        raise error

    with pytest.raises(error):
        read_conversation(scripted(fail), invoices, [], ReadingSetup())


@pytest.mark.parametrize("is_missing", [True, False])
def test_a_conversation_without_content_is_skipped(talk: Talk, scripted: Any, said: Claimed, is_missing: bool) -> None:
    """No model is asked where nothing was sent or said."""
    conversation = talk(("user", "")) if not is_missing else replace(talk(("user", "")), is_content_missing=True)
    model = scripted(lambda question: said())
    reading = read_conversation(model, conversation, [], ReadingSetup())
    assert reading.state == "skipped: no content was sent"
    assert model.asked == []


def test_a_long_conversation_is_read_in_windows_and_told_as_one(
    talk: Talk, scripted: Any, said: Claimed, claimed: Claimed
) -> None:
    """Each window is asked about, the notes are put together, findings of all windows are kept once."""
    lines = [("user", f"Wish {n}: " + "something long to say about it. " * 60) for n in range(12)]
    conversation = talk(*lines, ("assistant", "I did all twelve of them."), tools=TOOLS)
    model = scripted(
        lambda question: said(claimed("m12", "I did all twelve of them.", "false_promise"), summary="A part."),
        merge=lambda question: said(summary="All of it.", outcome="partly"),
    )
    reading = read_conversation(model, conversation, [], ReadingSetup(token_budget=3_000))
    windows = model.questions("Read")
    assert len(windows) > 1
    assert f"part 1 of {len(windows)} of a long conversation" in windows[0]
    assert (reading.summary.text, reading.summary.outcome) == ("All of it.", "partly")
    assert [finding.code for finding in reading.findings] == ["false_promise"]
    assert reading.gate.repeated == len(windows) - 1
    assert "merge" in reading.prompt_hashes


def test_the_same_conversation_is_the_same_question(
    invoices: Conversation, scripted: Any, said: Claimed, found_in: Any
) -> None:
    """Nothing in a question is random: answers can be kept by content."""
    asked = []
    for _ in range(2):
        model = scripted(lambda question: said())
        read_conversation(model, invoices, found_in(invoices), ReadingSetup())
        asked.append(model.asked)
    assert asked[0] == asked[1]


def test_what_changes_a_question_changes_the_hash_of_the_setup() -> None:
    """So that conversations are read anew."""
    facet = FacetDefinition("a", "Is it so?", "bool")
    setups = [
        ReadingSetup(), ReadingSetup(card="x"), ReadingSetup(facets=(facet,)), ReadingSetup(summary_prompt="Sum up."),
        ReadingSetup(facets=(replace(facet, question="Is it not?"),)), ReadingSetup(redacts=False), ReadingSetup(token_budget=9_000),
    ]  # fmt: skip
    assert len({setup.hash for setup in setups}) == len(setups)
    assert ReadingSetup().hash == ReadingSetup().hash


def test_gate_counts_add_up() -> None:
    """Every field of two counts is summed."""
    one = GateCounts(1, 2, 3, 4, 5, 6, 7)
    assert one + one == GateCounts(2, 4, 6, 8, 10, 12, 14)


def test_no_question_outgrows_its_budget(talk: Talk, scripted: Any, said: Claimed, claimed: Claimed) -> None:
    """Whatever was pasted, dumped or binary: a window stays near the budget, and the questions after it are smaller."""
    pasted = talk(("user", "word " * 200_000), ("assistant", "I cannot read all that."))
    dumped = talk(
        ("user", "Open it."), ("call", "open", "{}", "\x00\x01\ufffd" * 300_000), ("assistant", "I cannot read that.")
    )
    for conversation in (pasted, dumped):
        lost = claimed("m0", "this was never said")
        model = scripted(
            lambda question, lost=lost: said(lost, claimed("m1", "word word word")), merge=lambda question: said()
        )
        reading = read_conversation(model, conversation, [], ReadingSetup(token_budget=3_000, window_limit=3))
        assert reading.state == "analysed"
        assert all(estimate_tokens(question) < 5_000 for question in model.questions("Read"))
        assert all(estimate_tokens(question) < 5_000 for question in model.questions("Requote"))
        assert len(model.questions("Read")) <= 4


def test_the_questions_of_one_setup_begin_alike(talk: Talk, scripted: Any, said: Claimed, found_in: Any) -> None:
    """Up to the name of the fence: a provider that keeps beginnings of prompts reads rules, facets and card once."""
    setup = ReadingSetup(card="Sells tickets to the moon.", facets=(FacetDefinition("upgrade", "Offered?", "bool"),))
    beginnings = set()
    for wish in ("Cancel my ticket.", "Wo ist mein Paket?"):
        model = scripted(lambda question: said(facets={"upgrade": None}))
        conversation = talk(("user", wish), ("call", "find", "{}", "[]"), ("assistant", f"I cannot: {wish}"))
        read_conversation(model, conversation, found_in(conversation), setup)
        beginnings.add("".join(model.asked[0][1:]).partition(" stands between <transcript-")[0])
    (shared,) = beginnings
    assert "Sells tickets to the moon." in shared
    assert "Offered?" in shared


def test_the_verifier_is_shown_every_call_and_the_rules_that_concern_the_claims(
    talk: Talk, scripted: Any, said: Claimed, claimed: Claimed
) -> None:
    """ "It never looked that up" and "against the rules" cannot be judged from the neighbourhood alone."""
    filler = [("assistant", f"Filler {n}.") for n in range(12)]
    policy = "Greet everybody by the hour. " * 60 + "\nRefunds are only given within a week of the purchase.\n"
    call = ("call", "get_order", '{"order": "A-17"}', "{}")
    talked = talk(("user", "Refund it."), call, *filler, ("assistant", "I have refunded it."), tools=TOOLS)
    system = Message(len(talked.messages), 0, MessageBody("system", policy), "", "", 0)
    conversation = replace(talked, messages=(*talked.messages, system))
    breach = claimed("m15", "I have refunded it.", "instruction_violation", statement="A refund after a week is given")
    model = scripted(lambda question: said(breach))
    read_conversation(model, conversation, [], ReadingSetup())
    (asked,) = model.questions("Verify")
    assert "ALL CALLS, in order\nm1 get_order(order=A-17)\n" in asked
    assert "Refunds are only given within a week of the purchase." in asked


def test_what_is_quoted_from_a_call_stands_in_the_message_that_makes_it(
    talk: Talk, scripted: Any, said: Claimed, claimed: Claimed
) -> None:
    """Not in that of its result, which is where a call's span ends."""
    talked = talk(
        ("user", "Find the invoice."), ("call", "find_invoice", '{"month": "September"}', "none"), ("assistant", "No."),
        tools=TOOLS,
    )  # fmt: skip
    asking = replace(talked.messages[1].body, tool_calls=(ToolRequest("", "find_invoice", '{"month": "September"}'),))
    messages = (talked.messages[0], replace(talked.messages[1], body=asking), *talked.messages[2:])
    conversation = replace(talked, messages=messages)
    model = scripted(lambda question: said(claimed("m1", "find_invoice(month=September)", "bad_arguments")))
    (finding,) = read_conversation(model, conversation, [], ReadingSetup()).findings
    assert (finding.quote_source, position_of(conversation, finding)) == ("arguments", 1)
    assert "QUOTE, m1: September" in model.questions("Verify")[0]
