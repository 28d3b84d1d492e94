"""Values as JSON bytes, whatever text is in them."""

from collections.abc import Mapping

import orjson


def as_json(value: object) -> bytes:
    """Return the value as JSON; a lone surrogate becomes U+FFFD.

    Raises:
        orjson.JSONEncodeError: something in it is neither text, number, bool, None, list nor mapping.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return orjson.dumps(valid(value))


def valid(value: object) -> object:
    """Replace lone surrogates, which JSON from some SDKs smuggles in and no UTF-8 can hold."""
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case Mapping():
            return {valid(key): valid(item) for key, item in value.items()}
        case list() | tuple():
            return [valid(item) for item in value]
    return value
