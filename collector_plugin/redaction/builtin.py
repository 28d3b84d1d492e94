"""The patterns that a redaction file can switch on by name.

A pattern is written for RE2, whose time is linear in the text whatever the text is, and which has no look-around. Where
a regular expression alone would take too much, a check decides on what it found: digits that fail Luhn's check are no
card number. A check gets all of the text, so that it can look around.
"""

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

# Given the text and where a match starts and ends: where what is to be taken out ends; `start` where nothing is.
Check = Callable[[bytes, int, int], int]


class Pattern(NamedTuple):
    """What is taken out under a name; `check` decides on every match of `regex`."""

    name: str
    regex: str
    check: Check | None = None


_MIXED = re.compile(rb"\d|[a-z][A-Z]")
_DIGIT_VALUES = bytes(byte - 48 if 48 <= byte <= 57 else byte for byte in range(256))
_DOUBLED = bytes(sum(divmod(2 * value, 10)) if value < 10 else value for value in range(256))


def luhn(text: bytes, start: int, end: int) -> int:
    """Find a card number of 13 to 19 digits; groups of digits behind it are left."""
    for stop in _group_ends(text, start, end):
        digits = text[start:stop].translate(_DIGIT_VALUES, b" -")
        checksum = sum(digits[-1::-2]) + sum(digits[-2::-2].translate(_DOUBLED))
        if 13 <= len(digits) <= 19 and 2 <= digits[0] <= 6 and checksum % 10 == 0:
            return stop
    return start


def iban(text: bytes, start: int, end: int) -> int:
    """Find an international bank account number of 15 to 34 characters; words behind it are left. ISO 13616."""
    for stop in _group_ends(text, start, end):
        number = text[start:stop].replace(b" ", b"").upper().decode("ascii")
        if 15 <= len(number) <= 34 and int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1:
            return stop
    return start


def ipv6(text: bytes, start: int, end: int) -> int:
    """Find an IPv6 address of its own; `std::abs`, `12:30:15` and a bare `::` are none."""
    found = text[start:end]
    groups = found.split(b":")
    is_long = sum(map(bool, groups)) > 2 or len(groups[0]) == 4 or found == b"::1"
    is_within_word = text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum()
    if is_within_word or not is_long:
        return start
    try:
        IPv6Address(found.decode("ascii"))
    except AddressValueError:
        return start
    return end


def credential(text: bytes, start: int, end: int) -> int:
    """Find a token behind the name of a scheme; `basic responsibilities` is none, for no digit or change of case is in it."""
    return end if _MIXED.search(text, start + len(b"basic "), end) else start


def _group_ends(text: bytes, start: int, end: int) -> list[int]:
    """Where each of the groups in a match ends, the last first."""
    gaps = [place for place in range(start, end) if text[place] in b" -"]
    return [end, *reversed(gaps)]


_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"

BUILTIN = (
    Pattern("email", r"[\pL\pN._%+\-]+@[\pL\pN\-]+(?:\.[\pL\pN\-]+)*\.\pL{2,}"),
    # Before card numbers: the digits of an account may pass for one.
    Pattern("iban", r"(?i)\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b", iban),
    Pattern("card", r"\b(?:(?:\d{4}[ -]){3,4}\d{1,4}|\d{4}[ -]\d{6}[ -]\d{4,5}|\d{13,19})\b", luhn),
    # International with its + or 00, and North American with its separators: other digits may be anything.
    Pattern("phone", r"(?:\+|\b00)[1-9](?:[ .()/\-]{0,3}\d){6,14}\b|(?:\([2-9]\d\d\) ?|\b[2-9]\d\d[ .\-])[2-9]\d\d[ .\-]\d{4}\b"),
    Pattern("ipv4", rf"\b(?:{_OCTET}\.){{3}}{_OCTET}\b"),
    Pattern("ipv6", r"(?i)(?:[0-9A-F]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-F]{1,4})?", ipv6),
    Pattern("bearer", r"(?i)\b(?:bearer|basic)\s+[A-Z0-9._~+/\-]{16,}=*", credential),
    Pattern(
        "api_key",
        r"\b(?:sk-[\w\-]{16,}|[sprk]k_(?:live|test)_\w{10,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w\-]{16,}"
        r"|(?:AKIA|ASIA)[A-Z0-9]{16}\b|AIza[\w\-]{30,}|xox[abeoprs]-[\w\-]{10,}|hf_\w{30,}|npm_\w{30,})",
    ),
    Pattern("jwt", r"\beyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]*"),
    Pattern(
        "private_key",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
)  # fmt: skip
