"""Small conversations for the tests of this folder, written as lines."""

from collections.abc import Callable

import pytest

from schemas.records import Conversation, Message, MessageBody, Role, ToolCall, ToolDefinition

Talk = Callable[..., Conversation]


def converse(*lines: tuple[str, ...], tools: tuple[ToolDefinition, ...] | None = (), user_id: str = "") -> Conversation:
    """A conversation of lines such as ("user", "Hi"), ("assistant", "Hello"), ("call", name, arguments, result)."""
    messages: list[Message] = []
    calls: list[ToolCall] = []
    turn = 0

    def say(role: Role, text: str) -> int:
        index = len(messages)
        messages.append(Message(index, turn, MessageBody(role, text), f"{turn:032x}", f"{index:016x}", index))
        return index

    for kind, text, *rest in lines:
        turn += kind == "user"
        if kind != "call":
            say("user" if kind == "user" else "assistant", text)
            continue
        asked, answered = say("assistant", ""), say("tool", rest[1])
        calls.append(
            ToolCall(
                turn, text, f"{turn:032x}", f"{asked:016x}", asked, arguments=rest[0], result=rest[1],
                message_index=asked, result_index=answered,
            )
        )  # fmt: skip
    return Conversation("c1", tuple(messages), tuple(calls), tools_offered=tools, user_id=user_id)


@pytest.fixture
def talk() -> Talk:
    """Makes a conversation out of lines."""
    return converse
