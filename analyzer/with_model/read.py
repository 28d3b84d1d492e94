"""Read one conversation with a model. The whole order is here; each step is a module of its own."""

from collections.abc import Sequence

from analyzer.model_summary import summarise_with
from analyzer.models import ChatModel
from analyzer.with_model.reading import Reading, ReadingSetup
from schemas.families import Finding
from schemas.records import Conversation


def read_conversation(
    model: ChatModel, conversation: Conversation, found: Sequence[Finding], setup: ReadingSetup
) -> Reading:
    """What the model makes of a conversation, checked against it.

    Args:
        model: asked through `ask` alone. ModelUnreachable and ModelAnswerInvalid end in the state `failed`; whatever
            else it raises (an answer that is still pending, a key that is refused) goes to the caller.
        conversation: as assembled.
        found: what detectors found in it, through their quote gate.
        setup: see ReadingSetup.
    """
    summary = summarise_with(model, conversation, found)
    state = f"failed: {summary.note}" if summary.note else "analysed"
    return Reading(summary, (), tuple(found), state)
