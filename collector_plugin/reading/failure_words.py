"""What SDKs make of a failure's message: undo their wrapping, and name the class where the message tells it exactly.

The same failure then reads the same whether a library recorded an exception, or only the text of one.
"""

import re

from collector_plugin.reading.payload import as_dict, parse_literal

# openai-agents, SpanError: "Error getting response: {'error': 'Request timed out.'}", or all of it as the repr of a dict
_SPAN_ERROR = re.compile(r"(?:Error [a-z ]+(?:\(non-fatal\))?: )?(?P<data>\{.*\})", re.DOTALL)
# the SDKs of OpenAI and Anthropic share these texts, each made by one class
_CLASSES = {"Request timed out.": "APITimeoutError", "Connection error.": "APIConnectionError"}
_STATUS = re.compile(r"Error code: (\d{3}) - ")
_STATUS_CLASSES = {
    "400": "BadRequestError",
    "401": "AuthenticationError",
    "403": "PermissionDeniedError",
    "404": "NotFoundError",
    "409": "ConflictError",
    "422": "UnprocessableEntityError",
    "429": "RateLimitError",
}


def unwrapped(message: str) -> str:
    """Return the words of the failure within the text that openai-agents makes of its SpanError; any other text as it is."""
    wrapped = _SPAN_ERROR.fullmatch(message)
    if not wrapped:
        return message
    error = as_dict(parse_literal(wrapped["data"]))
    words = as_dict(error.get("data")).get("error") if "message" in error else error.get("error")
    return words if isinstance(words, str) and words else message


def class_of(message: str) -> str:
    """Return the class of the failure that a model's SDK words so; empty where the text is nobody's in particular."""
    status = _STATUS.match(message)
    if status:
        return _STATUS_CLASSES.get(status[1], "InternalServerError" if status[1] >= "500" else "")
    return _CLASSES.get(message, "")
