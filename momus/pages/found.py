"""What `momus show` found under a name."""

from typing import assert_never

from momus.look import Found, FoundConversation, FoundIssue, FoundTrace
from momus.pages.conversation import show_conversation
from momus.pages.issue import show_issue
from momus.pages.trace import show_trace


def show_found(found: Found) -> None:
    """Print an issue, a conversation or a trace."""
    match found:
        case FoundIssue():
            show_issue(found)
        case FoundConversation():
            show_conversation(found)
        case FoundTrace():
            show_trace(found)
        case _:
            assert_never(found)
