"""Keep personal data, and whatever looks like our own marks, out of what a model is shown; put it back into quotes.

    "write to ada@example.com"  ─hide▶  "write to <email-1>"  ─model quotes "to <email-1>"─restore▶  "to ada@example.com"

The same value has the same placeholder all through a conversation, so that the model can still tell that two mentions
are one. The table of what stands for what lives as long as this value and is stored nowhere. Names of people are hidden
as far as the conversation tells that they are names (see `names`); prompts forbid to repeat the others.

Text that imitates a placeholder, a fence or a message's marker is replaced too (`<mark-1>`): what a model sees of that
kind was put there by momus.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from ipaddress import AddressValueError, IPv4Address

import phonenumbers

from analyzer.with_model.names import pattern_of

_KINDS = ("email", "phone", "card", "iban", "ip", "key", "user", "name", "mark")
_PLACEHOLDER = re.compile(rf"<(?:{'|'.join(_KINDS)})-\d{{1,6}}>")
# Every quantifier has a bound: what strangers wrote takes time in proportion to its length.
_PATTERNS = {
    "mark": r"[<＜‹〈«]\s{0,3}/?\s{0,3}(?i:transcript|claims|" + "|".join(_KINDS) + r")\b[^<>\n]{0,80}>?"
    r"|\[[mcre]\d{1,6}(?=[\s\]])",
    "key": r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----[^-]{0,10000}"
    r"(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"
    # a token has a digit or a change of case in it, "basic responsibilities" has not
    r"|\b(?i:bearer|basic)\s{1,3}(?=[\w.~+/-]{0,200}(?:\d|[a-z][A-Z]))[\w.~+/-]{16,2000}=*"
    r"|\beyJ[\w-]{8,2000}\.[\w-]{8,4000}\.[\w-]{0,2000}"
    r"|\b(?:sk|pk|rk)[-_](?:live|test|proj|ant)?[-_]?[\w-]{16,200}|\bgh[pousr]_\w{20,200}|\bgithub_pat_\w{20,200}"
    r"|\bglpat-[\w-]{16,200}|\bnpm_\w{30,200}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,60}|\bxox[abeoprs]-[\w-]{10,200}|\bhf_\w{30,60}",
    "email": r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}",
    "iban": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
    "card": r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w-])",
    "ip": r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]\d)",
    "phone": r"(?<![\w+.-])(?:\+|\(|\d)[\d() ./-]{5,20}\d(?!\w)",
}
_AMERICAN = re.compile(r"\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}$")  # also those that nobody has, such as 555-123-4567
_NOT_PHONE = re.compile(r"\d{4}-\d\d?-\d\d?\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$|\d+\.\d+$|\d+$")
_REGIONS = {
    "en": ("US", "GB"), "de": ("DE",), "fr": ("FR",), "es": ("ES", "MX"), "pt": ("BR", "PT"), "it": ("IT",),
    "nl": ("NL",), "pl": ("PL",), "ru": ("RU",), "tr": ("TR",), "sv": ("SE",), "id": ("ID",), "vi": ("VN",),
    "ja": ("JP",), "ko": ("KR",), "zh": ("CN",), "hi": ("IN",), "ar": ("EG", "SA"), "th": ("TH",), "el": ("GR",),
}  # fmt: skip


class Redactor:
    """What one conversation's placeholders stand for. `user_id` is hidden wherever it is said, if it is long enough;
    `language` (ISO 639-1) says whose telephone numbers are written without their country; `names` are the people to hide.

    `counts` tells how many different values of each kind are hidden.
    """

    def __init__(
        self, *, personal: bool = True, user_id: str = "", language: str = "", names: Iterable[str] = ()
    ) -> None:
        self._placeholders: dict[tuple[str, str], str] = {}
        self._originals: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        kinds = _PATTERNS if personal else {"mark": _PATTERNS["mark"]}
        groups = [f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()]
        if personal and len(user_id) >= 4:
            groups.insert(1, rf"(?P<user>(?<!\w){re.escape(user_id)}(?!\w))")
        self._pattern = re.compile("|".join(groups))
        named = pattern_of(names) if personal else ""
        self._names = re.compile(f"(?P<name>{named})") if named else None
        self._regions = (*_REGIONS.get(language, ()), "US", "GB")

    def hide(self, text: str) -> str:
        """The text with placeholders. To be given each text as it was received: a placeholder in it counts as imitated."""
        hidden = self._pattern.sub(self._replace, text)
        return self._names.sub(self._replace, hidden) if self._names else hidden

    def restore(self, text: str) -> str:
        """The text with the originals back in their places; an unknown placeholder stays."""
        return _PLACEHOLDER.sub(lambda match: self._originals.get(match.group(), match.group()), text)

    def clean(self, text: str) -> str:
        """What a model wrote of its own, for storing: placeholders and personal data as plain words, such as `[email]`."""
        return without_placeholders(self.hide(without_placeholders(text)))

    def _replace(self, match: re.Match[str]) -> str:
        kind, value = match.lastgroup or "", match.group()
        check = _CHECKS.get(kind)
        if check and not check(value, self._regions):
            # Digits that fail as a card may still be a telephone number: a later kind gets its chance.
            is_phone = kind in ("card", "iban") and _is_phone(value, self._regions)
            if not is_phone:
                return value
            kind = "phone"
        placeholder = self._placeholders.get((kind, value))
        if placeholder is None:
            self.counts[kind] += 1
            placeholder = self._placeholders[kind, value] = f"<{kind}-{self.counts[kind]}>"
            self._originals[placeholder] = value
        return placeholder


def without_placeholders(text: str) -> str:
    """The text with each placeholder as a plain word: `<email-1>` as `[email]`."""
    return _PLACEHOLDER.sub(lambda match: f"[{match.group()[1:].split('-')[0]}]", text)


def _is_card(value: str, _: tuple[str, ...]) -> bool:
    """Luhn's check over 13 to 19 digits."""
    digits = [int(character) for character in value if character.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(value: str, _: tuple[str, ...]) -> bool:
    """ISO 13616's check: the number, rearranged, is 1 modulo 97."""
    number = value.replace(" ", "")
    return 15 <= len(number) <= 34 and int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1


def _is_ip(value: str, _: tuple[str, ...]) -> bool:
    try:
        return not IPv4Address(value).is_unspecified
    except AddressValueError:
        return False


def _is_phone(value: str, regions: tuple[str, ...]) -> bool:
    """A number of somebody's plan, written as telephone numbers are: dates, decimals and bare digits are none."""
    if _NOT_PHONE.match(value) and not value.startswith("0"):
        return False
    if _AMERICAN.match(value):
        return True
    for region in regions:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(value, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


_CHECKS: dict[str, Callable[[str, tuple[str, ...]], bool]] = {
    "card": _is_card,
    "iban": _is_iban,
    "ip": _is_ip,
    "phone": _is_phone,
}
