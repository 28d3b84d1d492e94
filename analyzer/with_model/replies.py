"""The forms of answers that a model is asked for. Short closed lists, no scales; every field is required.

What the forms cannot say in a way that all endpoints understand (lengths, offsets) is checked by code afterwards.
"""

from functools import lru_cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, create_model

from analyzer.facets.definitions import FacetDefinition
from schemas.families import Code, Confidence, Outcome

UserSignal = Literal["thanks", "complaint", "gave_up", "asked_for_person", "none"]
Frustration = Literal["none", "mild", "strong"]
FindingsVerdict = Literal["findings", "none", "insufficient_evidence"]
Asked = TypeVar("Asked", bound="SummaryReply")


class Form(BaseModel):
    """A form that names all its fields as required and takes no others, as strict endpoints want it."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})


class ToolArgument(Form):
    """An argument of a tool that is missing, as the user supplied it."""

    name: str
    type: Literal["string", "number", "integer", "boolean", "array", "object"]
    example: str


class Claim(Form):
    """A failure that the model claims to see. The place comes first, so that what is claimed follows from it."""

    marker: str
    quote: str
    statement: str
    requested_object: str
    requested_operation: str
    tool_would_serve: bool | None
    data_would_serve: bool | None
    code: Code
    is_root: bool
    is_recovered: bool
    confidence: Confidence
    tool_name: str
    tool_arguments: list[ToolArgument]


class SummaryReply(Form):
    """What a conversation was about; `facets` is added where a team asks any."""

    request: str
    task: str
    summary: str
    outcome: Outcome
    user_signal: UserSignal
    frustration: Frustration
    user_language: str

    @property
    def answers(self) -> dict[str, Any]:  # Any: each facet has its own type
        """The answers to the team's facets by name; none where none were asked."""
        asked = getattr(self, "facets", None)
        return dict(asked) if asked is not None else {}


class ReadReply(SummaryReply):
    """All of a reading."""

    verdict: FindingsVerdict
    known_wrong: list[str]
    findings: list[Claim]


class VerifiedClaim(Form):
    """What the verifier says of one claim."""

    number: int
    verdict: Literal["supported", "contradicted", "unclear"]


class VerifyReply(Form):
    """What the verifier says of all claims."""

    verdicts: list[VerifiedClaim]


class MendedQuote(Form):
    """A quote anew."""

    number: int
    marker: str
    quote: str


class RequoteReply(Form):
    """The quotes of all claims that were sent back."""

    quotes: list[MendedQuote]


@lru_cache(maxsize=32)
def read_form(facets: tuple[FacetDefinition, ...]) -> type[ReadReply]:
    """The form of a reading with the facets of a team."""
    return _with_facets(ReadReply, facets)


@lru_cache(maxsize=32)
def summary_form(facets: tuple[FacetDefinition, ...]) -> type[SummaryReply]:
    """The form of a summary of the parts of a long conversation."""
    return _with_facets(SummaryReply, facets)


def _with_facets(form: type[Asked], facets: tuple[FacetDefinition, ...]) -> type[Asked]:
    if not facets:
        return form
    fields: dict[str, Any] = {facet.name: (_answer_type(facet), ...) for facet in facets}  # Any: pydantic's own form
    answers = create_model("Facets", __base__=Form, **fields)
    return create_model(f"{form.__name__}WithFacets", __base__=form, facets=(answers, ...))


def _answer_type(facet: FacetDefinition) -> Any:  # a type that is made here
    """The type of an answer; None says that the conversation does not tell."""
    match facet.type:
        case "bool":
            return bool | None
        case "number":
            return float | None
        case "text":
            return str | None
        case "choice":
            return Literal[facet.choices] | None
