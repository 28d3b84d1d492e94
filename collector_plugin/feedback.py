"""Read feedback as it is sent to /v1/feedback: one JSON object on one conversation, trace, span or answer.

    curl -H 'content-type: application/json' http://127.0.0.1:4318/v1/feedback \\
         -d '{"conversation_id": "c-17", "name": "thumb", "score": 0, "comment": "It never found my order."}'

It says on what with `conversation_id`, `trace_id` (and `span_id` of that trace) or `response_id`, the id of the model's
answer; and something with `score`, `label` or `comment`. The same object sent again is taken for a repetition and stored
once; who may say the same twice adds `time_ns`.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from collector_plugin.admission import is_possible
from schemas.errors import Undecodable
from schemas.records import Feedback

FAULT_LIMIT = 5

Id = Annotated[str, Field(max_length=512)]
Word = Annotated[str, Field(max_length=200)]


class FeedbackBody(BaseModel):
    """What a client may say. Nothing else is accepted: a misspelt field would otherwise be lost without a word."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, str_strip_whitespace=True)

    name: Annotated[Word, Field(min_length=1)]
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


def read_feedback(body: bytes, received_ns: int, tenant: str) -> Feedback:
    """Return the feedback that a body holds; given at `received_ns` where it does not say when.

    Raises:
        Undecodable: it is none; the message says what is wrong, and repeats no value.
    """
    try:
        sent = FeedbackBody.model_validate_json(body)
    except ValidationError as error:
        raise Undecodable(_in_one_sentence(error)) from None
    if sent.time_ns is not None and not is_possible(sent.time_ns, received_ns):
        raise Undecodable("time_ns must be nanoseconds since 1970, at most ten years ago and one year ahead.")
    said = sent.model_dump(exclude={"time_ns", "trace_id", "span_id"})
    return Feedback(
        time_ns=received_ns if sent.time_ns is None else sent.time_ns,
        tenant=tenant,
        trace_id=sent.trace_id.lower(),
        span_id=sent.span_id.lower(),
        **said,
    )


def _in_one_sentence(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    told = (f"{'.'.join(map(str, fault['loc'])) or 'feedback'}: {fault['msg']}" for fault in faults[:FAULT_LIMIT])
    return f"{'; '.join(told)}."
