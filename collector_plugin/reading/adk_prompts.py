"""What Google's ADK puts into the user's mouth, whatever instrumentation traced the request.

For context:\\n[billing] said: ...                         what another agent said or did, retold to this one
Handle the requests as specified in the System Instruction.    so that a request ends with a user's words
"""

import re

FILLERS = (
    "Handle the requests as specified in the System Instruction.",
    "Continue processing previous requests as instructed. Exit or provide a summary if no more outputs are needed.",
)
FOREIGN = "For context:"
_RETOLD = re.compile(r"\AFor context:\s*\n\[[^\]\n]+\] (?:said:|called tool `|`)")


def is_added(text: str) -> bool:
    """Tell whether a message in the role of the user is one that no user said."""
    return text in FILLERS or (text.startswith(FOREIGN) and _RETOLD.match(text) is not None)
