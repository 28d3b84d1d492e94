"""Names of people that a conversation itself tells to be names, so that they can be hidden wherever they are said.

Told by: fields of tool results and arguments that hold nothing else (`first_name`, `customer_name`), or `name` in a
record of a person; introductions ("my name is ..."); a short answer to the question for a name. A name that stands
nowhere but in running prose is not found: telling such from other words takes a trained model for each language.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from analyzer.language import word_set
from analyzer.technical.unwrap import parse
from analyzer.text import STOP_WORDS
from schemas.records import Conversation

_NAMES = 200  # of one conversation; a list of thousands of customers is not hidden whole
_DEPTH = 8
_PARTS = 5
_NAME_CHARS = 60
_HEARD_CHARS = 4_000  # of a message that is searched for an introduction
_KEYS = word_set(
    "firstname lastname fullname givenname familyname surname middlename maidenname forename displayname given "
    "family vorname nachname prenom nomdefamille nombrecompleto apellido apellidos nome sobrenome cognome"
)
_PERSONS = word_set(
    "user users customer customers client clients patient patients passenger passengers traveler travelers guest "
    "guests person persons people member members contact contacts employee employees caller recipient recipients "
    "student students applicant tenant tenants driver accountholder cardholder owner subject"
)
# What only a record of a person has beside its name.
_OF_PERSONS = word_set("dob dateofbirth birthdate birthday ssn gender passport passportnumber email")
_LABELLED = re.compile(
    r"\b(?i:(?:first|last|full|given|family|customer|patient|passenger|guest|client|caller|contact)[ _]?name)[\"']?\s?[:=]\s?[\"']?([^\W\d_][^\n\"',;:|}]{0,58}[^\W\d_])"
)
_WORD = r"[^\W\d_]{2,30}(?:['’-][^\W\d_]{1,30}){0,3}"
_CAPITAL = rf"(?=[A-ZÀ-ÖØ-ÞĀ-ſА-ЯІЇЄΑ-Ω])(?:{_WORD}|[^\W\d_]\.)"
_NAME = rf"{_CAPITAL}(?: (?:(?:de|da|do|dos|del|della|di|van|von|der|den|la|le|bin|al|el) ){{0,2}}{_CAPITAL}){{0,3}}"
_INTRODUCED = re.compile(
    r"\b(?i:my (?:full |first |last )?name(?:'s| is)|the name(?:'s| is)|mein name ist|ich hei(?:ß|ss)e|je m['’]appelle|mon nom est"
    r"|me llamo|mi nombre es|(?:o )?meu nome é|(?:eu )?me chamo|chamo-me|mi chiamo|il mio nome è|mijn naam is|ik heet"
    r"|nazywam się|mam na imię|меня зовут|мене звати|jag heter|mitt namn är|jeg hedder|jeg heter|benim adım|adım"
    r"|nama saya(?: adalah)?|tên tôi là|tôi tên là|με λένε|jmenuji se|a nevem|mă numesc)[:,]? "
    rf"({_NAME})"
)
_SPEAKING = re.compile(rf"\b(?i:this is|hier ist|hier spricht) ({_NAME})(?:,? (?i:speaking|here|am apparat)|[.,!])")
_LETTERS = r"[^\s\dA-Za-z,.!?:;、，。！？；।]"  # with the vowel signs that Python's \w leaves out
# Scripts without capitals or blanks: the name goes up to what cannot be in one.
_INTRODUCED_ELSEWHERE = re.compile(
    r"(?:私の名前は|名前は|我叫|我的名字是|我的名字叫|我姓|제 이름은|저는|मेरा नाम|اسمي|ผมชื่อ|ฉันชื่อ|ดิฉันชื่อ) ?"
    rf"({_LETTERS}{{2,12}}?(?: {_LETTERS}{{2,12}}?)?(?=です|と申|といい|입니다|이에요|예요|이고| है)"
    rf"|{_LETTERS}{{2,12}}?(?=[\s、，。,.!！।]|$))"
)
_SELF_NAMED = re.compile(r"(?:^|[。、！\s])([\u3040-\u30ff\u4e00-\u9fff]{2,10})と(?:申します|いいます)")
_ASKED = re.compile(
    r"(?i)\b(?:your (?:full |first |last )?name|ihre?n? (?:vollständigen )?namen?|votre nom|su nombre|seu nome|suo nome|uw naam)\b"
)
_ANSWERED = re.compile(
    r"^\W{0,3}(?i:(?:sure|yes|yeah|ok(?:ay)?|of course|it's|it is|this is|i'm|i am|ja|oui|sí|sim|das ist|c'est|es|é|het is)\W{1,3}){0,3}"
    rf"({_NAME})(?=\W|$)"
)
# Scripts in which nothing parts a name from what follows.
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_TITLES = word_set("mr mrs ms miss dr prof sir madam herr frau monsieur madame señor señora sr sra")
# What fields and introductions hold that names nobody, and words that begin sentences far oftener than they name somebody.
_NO_NAMES = _TITLES | word_set(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday unknown none null true false test guest user admin customer anonymous company team "
    "support email phone card iban key name mark transcript claims stop transfer i you he she it we they the this that "
    "these and but or so no yes not if in on at by for to my your his her our will can do is are was ok okay sure "
    "thanks thank hello hi hey please sorry what who when where why how here there just still correct"
)


def names_in(conversation: Conversation) -> tuple[str, ...]:
    """The names, and of those of several words each word that says something alone; the longest first."""
    told = dict.fromkeys(" ".join(name.split()) for name in _told(conversation) if _is_name(name))
    names = list(islice(told, _NAMES))
    parts = [part.strip(".,") for name in names for part in name.split() if " " in name]
    alone = [part for part in parts if len(part) >= 3 and part[:1].isupper() and part.lower() not in _NO_NAMES]
    return tuple(sorted(dict.fromkeys([*names, *alone]), key=len, reverse=True))


def pattern_of(names: Iterable[str]) -> str:
    """A regular expression that finds the names: several words in any case and joined in any way, as ids are made of
    them; single words only as they are written. Empty where there are none."""
    return "|".join(filter(None, map(_pattern, names)))


def _pattern(name: str) -> str:
    words = [re.escape(word) for word in name.split()]
    if _UNSPACED.search(name):
        return r"\s?".join(words)
    joined = r"[\s_.,-]{1,3}".join(words)
    return rf"(?<![^\W_]){f'(?i:{joined})' if len(words) > 1 else joined}(?![^\W\d_])"


def _told(conversation: Conversation) -> Iterator[str]:
    asked = False
    for message in conversation.messages:
        text = message.body.content[:_HEARD_CHARS]
        match message.body.role:
            case "user":
                yield from _introduced(text)
                yield from _answered(text) if asked else ()
            case "tool":
                yield from _of_data(message.body.content)
            case "assistant":
                asked = bool(_ASKED.search(text))
    for call in conversation.tool_calls:
        yield from _of_data(call.arguments)
        yield from _of_data(call.result or "" if call.result_index < 0 else "")


def _introduced(text: str) -> Iterator[str]:
    for pattern in (_INTRODUCED, _SPEAKING, _INTRODUCED_ELSEWHERE, _SELF_NAMED):
        yield from (match[1] for match in pattern.finditer(text))


def _answered(text: str) -> Iterator[str]:
    """The name at the beginning of an answer to the question for it; of one word only in a short answer."""
    if match := _ANSWERED.match(text):
        name = match[1]
        is_plain = " " not in name and (len(text) > _NAME_CHARS or name.lower() in STOP_WORDS)
        yield from () if is_plain else (name,)


def _of_data(text: str) -> Iterator[str]:
    value = parse(text)
    if isinstance(value, str):
        yield from (match[1] for match in _LABELLED.finditer(text[:_HEARD_CHARS]))
    else:
        yield from _of_value(value, "", 0)


def _of_value(value: Any, key: str, depth: int) -> Iterator[str]:  # any JSON value
    """The names in a value that stands under a key."""
    if depth > _DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _of_value(item, key, depth + 1)
    elif isinstance(value, dict):
        plain = {_bare(name): held for name, held in value.items()}
        is_person = key in _PERSONS or not _OF_PERSONS.isdisjoint(plain)
        pair = [plain.get(first) for first in ("firstname", "givenname", "given")]
        last = [plain.get(name) for name in ("lastname", "familyname", "surname", "family")]
        yield from _whole(pair, last)
        for name, held in plain.items():
            is_name = name in _KEYS or name.removesuffix("name") in _PERSONS or (name == "name" and is_person)
            yield from _texts(held) if is_name else ()
            yield from _of_value(held, name, depth + 1)


def _whole(first: list[Any], last: list[Any]) -> Iterator[str]:  # any JSON values
    """First and last name together, so that ids made of both are found."""
    one, other = (next((text for value in held for text in _texts(value)), "") for held in (first, last))
    if one and other:
        yield f"{one} {other}"


def _texts(value: Any) -> Iterator[str]:  # any JSON value
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


def _bare(key: object) -> str:
    return re.sub(r"[\W_]+", "", str(key)).lower()


def _is_name(text: str) -> bool:
    """Whether a text can be somebody's name: one to five words without digits, not all of them common ones."""
    words = [word.strip(".,") for word in text.split()]
    if not 0 < len(words) <= _PARTS or not 2 <= len(text) <= _NAME_CHARS:
        return False
    if not all(character in " .,'’-" or unicodedata.category(character)[0] in "LM" for character in text):
        return False
    return not all(word.lower() in _NO_NAMES for word in words)
