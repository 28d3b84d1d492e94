"""Read one field of an OTLP/JSON object; what has the wrong type raises `Undecodable`, naming the field."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from schemas.errors import Undecodable

# What stands in a JSON document before its types are known.
Json = Any
JsonObject = dict[str, Json]


def object_of(source: JsonObject, key: str) -> JsonObject:
    """Return an object field; empty where absent."""
    found = source.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Undecodable(f"{key} must be an object.")
    return found


def objects_of(source: JsonObject, key: str) -> Iterator[JsonObject]:
    """Yield the objects of a list field; none where absent."""
    found = source.get(key)
    if found is None:
        return
    if not isinstance(found, list):
        raise Undecodable(f"{key} must be a list.")
    for item in found:
        if not isinstance(item, dict):
            raise Undecodable(f"{key} must be a list of objects.")
        yield item


def text_of(source: JsonObject, key: str) -> str:
    """Return a string field; empty where absent."""
    found = source.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Undecodable(f"{key} must be a string.")
    return found


def integer_of(source: JsonObject, key: str) -> int:
    """Return an integer field, written as a number or as a decimal string; 0 where absent."""
    found = source.get(key)
    if found is None:
        return 0
    if isinstance(found, str) and re.fullmatch(r"-?[0-9]{1,20}", found):
        return int(found)
    if isinstance(found, float) and found.is_integer():
        return int(found)
    if isinstance(found, int) and not isinstance(found, bool):
        return found
    raise Undecodable(f"{key} must be an integer or a decimal string.")


def enum_of(source: JsonObject, key: str) -> Any:  # OTLP's enums are open: a number that has no name yet is kept
    """Return an enum field; 0 where absent."""
    found = source.get(key)
    if found is None:
        return 0
    if isinstance(found, int) and not isinstance(found, bool):
        return found
    raise Undecodable(f"{key} must be an integer; OTLP/JSON does not take enum names.")


def double_from(found: Json) -> float:
    """Return a number, which may be written as a string, as NaN and infinity must be."""
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return float(found)
    if found in ("NaN", "Infinity", "-Infinity"):
        return float(found)
    if isinstance(found, str) and re.fullmatch(r"-?[0-9.]{1,40}([eE][-+]?[0-9]{1,4})?", found):
        return float(found)
    raise Undecodable("doubleValue must be a number.")


def bytes_from(text: str) -> bytes:
    """Return the bytes that base64 text stands for."""
    # Protobuf's JSON mapping asks readers to take the standard and the URL-safe alphabet, padded or not.
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise Undecodable("bytesValue must be base64.") from error


def id_of(source: JsonObject, key: str) -> bytes:
    """Return a trace or span id, written in hex; empty where absent. Its length is not looked at."""
    try:
        return binascii.unhexlify(text_of(source, key))
    except ValueError as error:
        raise Undecodable(f"{key} must be hexadecimal.") from error
