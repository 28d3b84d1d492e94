"""What telemetry of agents does against all expectation, and the golden cases beside this file do not show."""

import json

import pytest

from analyzer.assembly.conversations import assemble
from collector_plugin.dialects import read_span
from collector_plugin.dialects.otel_genai import finish_reason
from schemas.records import Attributes, Record, Retrieval, Span, SpanEvent, SpanFacts


def span(span_id: str, attributes: Attributes, parent: str = "", **known: object) -> Span:
    fields = {"trace_id": "t1", "name": span_id, "start_ns": 1, "end_ns": 9, "attributes": attributes} | known
    return Span(span_id=span_id, parent_span_id=parent, **fields)  # type: ignore[arg-type]  # fields by name


def records(*spans: Span) -> list[Record]:
    return [record for one in spans for record in read_span(one)]


def messages(role: str, *texts: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]} for text in texts])


CALL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "m-1"}


def test_a_conversation_says_how_many_attributes_its_spans_have_lost() -> None:
    """The SDK drops the oldest beyond 128 and leaves a count: what is missing must not pass for what was never said."""
    asked = {**CALL, "gen_ai.input.messages": messages("user", "Where is it?")}
    [conversation] = assemble(records(span("a", asked, dropped_attributes_count=12)))
    assert conversation.dropped_attributes_count == 12


def test_users_whose_session_ids_are_scrubbed_stay_apart() -> None:
    """Logfire writes the same words over every session id."""
    scrubbed = {**CALL, "session.id": "[Scrubbed due to 'session']"}
    asked = [scrubbed | {"gen_ai.input.messages": messages("user", text)} for text in ("Where is it?", "Who are you?")]
    told = records(span("a", asked[0], trace_id="t1"), span("b", asked[1], trace_id="t2"))
    assert [(c.id, c.is_id_assigned) for c in assemble(told)] == [("trace:t1", True), ("trace:t2", True)]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ('["tool_calls"]', "tool_calls"),
        ("FinishReason.TOOL_CALLS", "tool_calls"),
        ('["stop","tool_call"]', "tool_call"),
        ("tool-calls", "tool-calls"),
        ("STOP", "stop"),
        ("", ""),
    ],
)
def test_a_finish_reason_comes_as_a_list_as_text_of_one_or_as_an_enums_name(told: str, reason: str) -> None:
    """The last one counts; whether tools were called is told by the calls, since some say `stop` all the same."""
    assert finish_reason(told) == reason


def test_an_agents_running_total_is_not_added_to_its_calls() -> None:
    """Strands and smolagents: the agent's tokens sum up all turns of its life, under the names of a single call's."""
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": "641"}
    call = {**CALL, "gen_ai.usage.input_tokens": "214", "gen_ai.input.messages": messages("user", "Where is it?")}
    [conversation] = assemble(records(span("agent", agent), span("call", call, "agent")))
    assert conversation.input_tokens == 214


def test_one_failure_that_marks_five_spans_counts_once() -> None:
    """Workflow, agent, step, call and the client's request: the deepest is the failure."""
    words = "Error code: 429 - slow down"
    attributes = {**CALL, "error.type": "openai.RateLimitError"}
    raised = SpanEvent("exception", 5, {"exception.type": "openai.RateLimitError", "exception.message": words})
    names = ("workflow", "agent", "step", "call", "request")
    spans = [
        span(name, attributes, parent, status_code="Error", status_message=words, events=(raised,))
        for name, parent in zip(names, ("", *names), strict=False)
    ]
    [conversation] = assemble(records(*spans))
    assert [(e.span_id, e.type, e.http_status) for e in conversation.exceptions] == [
        ("request", "openai.RateLimitError", 429)
    ]


@pytest.mark.parametrize(
    "picture",
    [
        {"type": "image_url", "image_url": {"url": "@@@langfuseMedia:type=image/png|id=a1|source=base64@@@"}},
        {"type": "image_url", "image_url": {"url": "mlflow-attachment://a1?content_type=image%2Fpng"}},
    ],
)
def test_what_stands_for_a_picture_is_no_word_of_the_user(picture: dict[str, object]) -> None:
    """Langfuse and MLflow upload pictures elsewhere and leave a reference."""
    said = json.dumps({"messages": [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]}]})
    langfuse = {"langfuse.observation.type": "generation", "langfuse.observation.input": said}
    mlflow = {"mlflow.spanType": '"CHAT_MODEL"', "mlflow.spanInputs": said}
    for attributes in (langfuse, mlflow):
        facts = next(record for record in records(span("a", attributes)) if isinstance(record, SpanFacts))
        assert [body.content for body in facts.input] == ["What is it?"]


@pytest.mark.parametrize(("documents", "count"), [(None, 0), ("[]", 1), ('[{"id":"d1","score":0.5}]', 1)])
def test_documents_that_are_not_told_are_not_none_found(documents: str | None, count: int) -> None:
    """Their attribute is opt-in: absent does not mean that the index was empty."""
    told = {} if documents is None else {"gen_ai.retrieval.documents": documents}
    found = records(span("a", {"gen_ai.operation.name": "retrieval", **told}))
    assert sum(isinstance(record, Retrieval) for record in found) == count


@pytest.mark.parametrize(
    "retriever",
    [
        {"openinference.span.kind": "RETRIEVER", "input.value": "kites"},
        {"traceloop.span.kind": "task", "gen_ai.operation.name": "vector_db_retrieve", "gen_ai.task.input": "{}"},
        {"mlflow.spanType": '"RETRIEVER"', "mlflow.spanInputs": '"kites"'},
        {"langfuse.observation.type": "retriever", "langfuse.observation.input": "kites"},
        {"langsmith.span.kind": "retriever", "gen_ai.prompt": '{"query":"kites"}'},
    ],
    ids=lambda attributes: next(iter(attributes)),
)
def test_a_retriever_that_failed_has_not_found_nothing(retriever: dict[str, str]) -> None:
    """Its span has a query and no answer: a failure of the index, not a document that is missing from it."""
    failed = span("a", retriever, status_code="Error", status_message="index is down")
    assert not [record for record in records(failed) if isinstance(record, Retrieval)]


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([("Good ", ""), ("morning.", "stop")], ["Good morning."]),
        ([("Good ", ""), ("morn", ""), ("ing.", "stop")], ["Good morning."]),
        ([("One.", "stop"), ("Two.", "stop")], ["One.", "Two."]),  # two answers to choose from
        ([("One.", ""), ("Two.", "")], ["One.", "Two."]),  # Traceloop: items of an answer whose reason is not told
    ],
)
def test_a_stream_recorded_piece_by_piece_is_one_message(pieces: list[tuple[str, str]], said: list[str]) -> None:
    """Only where the empty finish reasons end in one that is told."""
    parts = [
        {"role": "assistant", "parts": [{"type": "text", "content": text}], "finish_reason": reason}
        for text, reason in pieces
    ]
    [facts] = records(span("a", {**CALL, "gen_ai.output.messages": json.dumps(parts)}))
    assert isinstance(facts, SpanFacts)
    assert [body.content for body in facts.output] == said
