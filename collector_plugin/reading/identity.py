"""Whose conversation a span belongs to: the keys that any instrumentation library says it with.

Looked for on every span whatever its dialect, since the id often sits on another span than the messages, and since
applications set these keys by hand on spans of all kinds.
"""

from typing import NamedTuple

from collector_plugin.reading.payload import as_dict, as_str, parse
from schemas.records import Attributes

CONVERSATION_KEYS = (
    "gen_ai.conversation.id",
    "langfuse.session.id",
    "session.id",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.thread_id",
    "traceloop.association.properties.chat_id",
    "traceloop.association.properties.conversation_id",
    "ai.telemetry.metadata.sessionId",
    "ai.settings.context.sessionId",
    "ai.settings.runtimeContext.sessionId",
    "langsmith.metadata.session_id",
    "langsmith.metadata.thread_id",
    "langsmith.metadata.conversation_id",
    "gcp.vertex.agent.session_id",
    "mlflow.traceTag.mlflow.trace.session",
    "mlflow.trace.session",
    "mlflow.traceTag.session_id",
    "mlflow.traceTag.thread_id",
    "mlflow.traceTag.conversation_id",
)
USER_KEYS = (
    "langfuse.user.id",
    "user.id",
    "enduser.id",
    "traceloop.association.properties.user_id",
    "ai.telemetry.metadata.userId",
    "ai.settings.context.userId",
    "ai.settings.runtimeContext.userId",
    "langsmith.metadata.user_id",
    "mlflow.trace.user",
    "mlflow.traceTag.mlflow.trace.user",
    "mlflow.traceTag.user_id",
    "llm.user",
    "gen_ai.request.user",
)
METADATA_KEYS = ("metadata", "langfuse.trace.metadata", "traceloop.entity.metadata")
METADATA_CONVERSATION_KEYS = ("session_id", "thread_id", "conversation_id", "sessionId")
METADATA_USER_KEYS = ("user_id", "userId")
SESSION_KEYS = ("session.id", "langfuse.session.id")
SCRUBBED = "[Scrubbed due to"  # what logfire writes over every session id; taken for an id, all users would be one


class Identity(NamedTuple):
    """What a span says about who talks; empty strings where it says nothing."""

    conversation_id: str
    session_id: str
    user_id: str


NOBODY = Identity("", "", "")
_KEYS = frozenset((*CONVERSATION_KEYS, *SESSION_KEYS, *USER_KEYS, *METADATA_KEYS))


def read_identity(attributes: Attributes) -> Identity:
    """Return the ids of conversation, session and user that a span's attributes carry."""
    # Of some thirty keys a span has one or two: looking only for those is several times faster.
    told = {key: attributes[key] for key in _KEYS.intersection(attributes)}
    if not told:
        return NOBODY
    metadata = _metadata(told)
    return Identity(
        _first(told, CONVERSATION_KEYS) or _first(metadata, METADATA_CONVERSATION_KEYS),
        _first(told, SESSION_KEYS),
        _first(told, USER_KEYS) or _first(metadata, METADATA_USER_KEYS),
    )


def _first(attributes: Attributes, keys: tuple[str, ...]) -> str:
    if not attributes:
        return ""
    for key in keys:
        if key in attributes:
            value = attributes[key]
            if value and not value.startswith(SCRUBBED):
                return value
    return ""


def _metadata(attributes: Attributes) -> dict[str, str]:
    """Free-form metadata that some libraries pack into one JSON attribute."""
    found: dict[str, str] = {}
    for key in METADATA_KEYS:
        if key in attributes:
            found |= {name: as_str(value) for name, value in as_dict(parse(attributes[key])).items()}
    return found
