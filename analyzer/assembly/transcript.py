"""Merge the messages of successive model calls into one transcript that says everything once.

Each call is given the history so far, whole or windowed, and adds to it. What is new in its input follows the longest
end of the transcript that the input repeats; its output is always new.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence

from schemas.records import Message, MessageBody, SpanFacts

_BLANKS = re.compile(r"\s+")
_PUNCTUATION = re.compile(r"[\W_]+")


class Transcript:
    """The messages of one conversation in the making; `add` calls in order of their start."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._keys: list[object] = []
        self._system: set[str] = set()

    def add(self, call: SpanFacts, *, is_delegated: bool = False, agent_name: str = "") -> None:
        """Append what a call's input adds to the transcript, then its output."""
        given = [body for body in call.input if body.role != "system"]
        if call.is_truncated and given and self._is_cut_copy(given):
            given.pop()
        for body in call.input:
            if body.role == "system" and body.content not in self._system:
                self._system.add(body.content)
                self._append(body, call, is_delegated, agent_name)
        new = given if call.is_increment else given[self._known(given) :]
        for body in new:
            self._append(body, call, is_delegated, agent_name)
        for body in call.output:
            if body.content or body.tool_calls:
                self._append(body, call, is_delegated, agent_name, time_ns=call.end_ns)

    def _append(
        self, body: MessageBody, call: SpanFacts, is_delegated: bool, agent_name: str, time_ns: int = 0
    ) -> None:
        is_delegation = is_delegated and body.role == "user"
        turn = self.messages[-1].turn if self.messages else 0
        if body.role == "user" and not is_delegation:
            turn += 1
        self.messages.append(
            Message(
                index=len(self.messages),
                turn=turn,
                body=body,
                trace_id=call.trace_id,
                span_id=call.span_id,
                time_ns=time_ns or call.start_ns,
                agent_name=agent_name,
                is_delegation=is_delegation,
            )
        )
        if body.role != "system":
            self._keys.append(key(body))

    def _is_cut_copy(self, given: Sequence[MessageBody]) -> bool:
        """Whether an attribute limit left nothing of the last message given, or a piece of the one we have in its place."""
        place, last = len(given) - 1, given[-1]
        if not last.content and not last.tool_calls:
            return True
        said = [message.body for message in self.messages if message.body.role != "system"]
        if place >= len(said) or [key(body) for body in given[:place]] != self._keys[:place]:
            return False
        return last.role == said[place].role and said[place].content.startswith(last.content)

    def _known(self, given: Sequence[MessageBody]) -> int:
        """How many leading messages of `given` the transcript holds already."""
        keys = [key(body) for body in given]
        if keys[: len(self._keys)] == self._keys:
            return len(self._keys)
        if self._keys[: len(keys)] == keys:
            return len(keys)
        end = self._repeated_end(keys)
        return end if end else self._leading_known(keys)

    def _repeated_end(self, keys: Sequence[object]) -> int:
        """Where in `keys` the longest end of the transcript stops that occurs in them; 0 where none does."""
        best_length, best_end = 0, 0
        for end in range(1, len(keys) + 1):
            length = 0
            while length < min(end, len(self._keys)) and keys[end - 1 - length] == self._keys[-1 - length]:
                length += 1
            # a repeat of nothing but "ok" or "yes" is likelier said again than sent again, unless the input begins so
            if length > best_length and (length > 1 or end == 1 or length == end):
                best_length, best_end = length, end
        return best_end

    def _leading_known(self, keys: Sequence[object]) -> int:
        """Messages that a failed turn or a cut history leaves at the front: known one by one, wherever they stood.

        Each as often as the transcript has it: a tool that fails twice with the same words has answered twice.
        """
        unused = Counter(self._keys)
        count = 0
        while count < len(keys) and unused[keys[count]] > 0:
            unused[keys[count]] -= 1
            count += 1
        return count


def is_same(a: MessageBody, b: MessageBody) -> bool:
    """Whether two messages are one, as far as a repetition in another shape can tell."""
    return key(a) == key(b)


def key(body: MessageBody) -> object:
    """What two copies of a message have in common, whichever shape they were sent in.

    Text with white space folded; of a tool's result only letters and digits, since it is sent now as text and now as
    JSON; of a tool call its name and arguments, since ids differ between two spans of one call.
    """
    if body.role == "tool":
        return ("tool", _PUNCTUATION.sub("", _unquoted(body.content))[:4096])
    calls = tuple((call.name, call.arguments) for call in body.tool_calls)
    # an assistant that calls tools is told by its calls: the text beside them is often dropped from the history
    return (body.role, calls) if calls else (body.role, _BLANKS.sub(" ", body.content).strip())


def _unquoted(text: str) -> str:
    """The text within, where a result was sent as a JSON string of itself."""
    if text[:1] != '"':
        return text
    try:
        inner = json.loads(text)
    except ValueError:
        return text
    return inner if isinstance(inner, str) else text
