"""One answer to one facet, as a value and as a row of `facet_log`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from schemas.records import Conversation

FacetType = Literal["bool", "choice", "number", "text"]
FacetValue = bool | float | str | None
Row = dict[str, Any]  # Any: a row has values of every column type


@dataclass(frozen=True, slots=True)
class FacetAnswer:
    """What a conversation answers to one facet. `value` is None where the conversation does not tell.

    `by` says who answered: `code`, or a model's name; empty where nobody was asked.
    """

    name: str
    type: FacetType
    value: FacetValue
    by: str = "code"


def facet_rows(conversation: Conversation, answers: Sequence[FacetAnswer], columns: Row) -> list[Row]:
    """Rows of facet_log, one an answer; `columns` are those that every result has (run, version)."""
    return [
        {
            "tenant": conversation.tenant,
            "conversation_id": conversation.id,
            "name": answer.name,
            "type": answer.type,
            "bool_value": answer.value if answer.type == "bool" else None,
            "number_value": answer.value if answer.type == "number" else None,
            "text_value": answer.value if answer.type in ("choice", "text") else None,
            "answered_by": answer.by,
            "time_ns": conversation.start_ns,
        } | columns
        for answer in answers
    ]  # fmt: skip
