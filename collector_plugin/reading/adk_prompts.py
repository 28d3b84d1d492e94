"""What Google's ADK puts into the user's mouth, whatever instrumentation traced the request.

For context:\\n[billing] said: ...                         what another agent said or did, retold to this one
Handle the requests as specified in the System Instruction.    so that a request ends with a user's words
"""

import re

from schemas.records import MessageBody

FILLERS = (
    "Handle the requests as specified in the System Instruction.",
    "Continue processing previous requests as instructed. Exit or provide a summary if no more outputs are needed.",
)
FOREIGN = "For context:"
_RETOLD = re.compile(r"\AFor context:\s*\n\[[^\]\n]+\] (?:said:|called tool `|`)")


def spoken(body: MessageBody) -> MessageBody | None:
    """Return a message as it is; None for one that no user said."""
    is_added = body.role == "user" and (body.content in FILLERS or _RETOLD.match(body.content))
    return None if is_added else body
