"""Read feedback as it is sent to /v1/feedback: one JSON object on one conversation, trace, span or answer.

    curl -H 'content-type: application/json' http://127.0.0.1:4318/v1/feedback \\
         -d '{"conversation_id": "c-17", "name": "thumb", "score": 0, "comment": "It never found my order."}'

It says on what with `conversation_id`, `trace_id` (and `span_id` of that trace) or `response_id`, the id of the model's
answer; and something with `score`, `label` or `comment`. The same object sent again is taken for a repetition and stored
once; who may say the same twice adds `time_ns`.

It is kept as the log record that OpenTelemetry has for it, the event `gen_ai.evaluation.result`, so that it is as durable
as any other and is found again whenever dialects are read anew.
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-events/
"""

from typing import Annotated

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from collector_plugin.otlp.admission import is_possible
from schemas.errors import Undecodable

SCOPE = "momus.feedback"
FAULT_LIMIT = 5

Id = Annotated[str, Field(max_length=512)]
Word = Annotated[str, Field(max_length=200)]


class FeedbackBody(BaseModel):
    """What a client may say. Nothing else is accepted: a misspelt field would otherwise be lost without a word."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    name: Annotated[Word, Field(pattern=r"\S")]
    conversation_id: Id = ""
    trace_id: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{32})?$")] = ""
    span_id: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{16})?$")] = ""
    response_id: Id = ""
    user_id: Id = ""
    score: float | None = None
    label: Word = ""
    comment: Annotated[str, Field(max_length=65_536)] = ""
    time_ns: int | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "FeedbackBody":
        if not (self.conversation_id or self.trace_id or self.response_id):
            raise PydanticCustomError(
                "feedback", "one of conversation_id, trace_id and response_id must say on what the feedback is"
            )
        if self.span_id and not self.trace_id:
            raise PydanticCustomError("feedback", "a span_id needs its trace_id")
        if self.score is None and not self.label and not self.comment:
            raise PydanticCustomError("feedback", "one of score, label and comment must be given")
        return self


def read_feedback(body: bytes, received_ns: int) -> ExportLogsServiceRequest:
    """Return the feedback that a body holds, as an export request; given at `received_ns` where it does not say when.

    Raises:
        Undecodable: it is none; the message says what is wrong, and repeats no value.
    """
    try:
        sent = FeedbackBody.model_validate_json(body)
    except ValidationError as error:
        raise Undecodable(_in_one_sentence(error)) from None
    if sent.time_ns is not None and not is_possible(sent.time_ns, received_ns):
        raise Undecodable("time_ns must be nanoseconds since 1970, at most ten years ago and one year ahead.")
    return _as_export(sent, received_ns)


def _as_export(sent: FeedbackBody, received_ns: int) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add().scope_logs.add()
    group.scope.name = SCOPE
    record = group.log_records.add(
        event_name="gen_ai.evaluation.result",
        time_unix_nano=received_ns if sent.time_ns is None else sent.time_ns,
        observed_time_unix_nano=received_ns,
        trace_id=bytes.fromhex(sent.trace_id),
        span_id=bytes.fromhex(sent.span_id),
    )
    texts = {
        "gen_ai.evaluation.name": sent.name,
        "gen_ai.evaluation.score.label": sent.label,
        "gen_ai.evaluation.explanation": sent.comment,
        "gen_ai.conversation.id": sent.conversation_id,
        "gen_ai.response.id": sent.response_id,
        "user.id": sent.user_id,
    }
    for key, text in texts.items():
        if text:
            record.attributes.add(key=key).value.string_value = text
    if sent.score is not None:
        record.attributes.add(key="gen_ai.evaluation.score.value").value.double_value = sent.score
    return request


def _in_one_sentence(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    told = (f"{'.'.join(map(str, fault['loc'])) or 'feedback'}: {fault['msg']}" for fault in faults[:FAULT_LIMIT])
    return f"{'; '.join(told)}."
