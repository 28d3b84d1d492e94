"""Sentences, words and what must not be shown: the few things that every text stage needs.

Offsets always count characters of the text given, so that a quote can be cut out of it verbatim.
"""

import re
from collections.abc import Iterator

from analyzer.language import COMMON_WORDS, guess_language, word_set

_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:\.(?=\S)[^.!?。！？\n]*)*[.!?。！？]*")
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MARKUP = re.compile(r"[*`#>|]+|(?<!\w)_+|_+(?!\w)")  # an underscore within a word is part of an id
# Scripts without spaces write an id into the sentence: "予約C-7702を" is no one token.
_ID_IN_SCRIPT = re.compile(r"[A-Za-z0-9-]*\d[A-Za-z0-9-]*(?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f])")

_TASK_LENGTH = 600  # characters of a request that are looked at
_WISH = re.compile(
    r"[?？]\s*$|\b(?:need|want|would like|i'd like|can you|could you|please|help me|trying to|looking (?:for|to)|how (?:do|can|to)"
    r"|möchte|brauche|können sie|bitte|voudrais|pouvez|quiero|necesito|puede|quero|preciso|vorrei|puoi)\b",
    re.IGNORECASE,
)

_ENGLISH = word_set(
    "a about above after again all also am an and any are as at be because been before being but by can cannot "
    "could currently did directly do does doing for from further had has have having help her here hers hi hello "
    "hey him his how however i if in into is it its just know let like look looking may me might more most my "
    "myself need needs no not of on only option or other our out over please possible provide real really right "
    "same she should so some something soon such sure thank thanks that the their them then there these they this "
    "those through time to today too trying under until up us very via want wanted was we were what when where "
    "which while who why will with within would you your yours assist able unable unfortunately sorry apologize "
    "apologies request requests functionality capability ability capabilities available access tell give get got "
    "make anything nothing check find information details yes yeah yep okay ok appreciate speaking speak someone "
    "understand hope proceed regarding concerning using based existing specific certain various directly further "
    "assistance question questions good morning afternoon evening anyone won't didn't doesn't i'm i'd i've i'll "
    "it's that's don't can't you're what's let's "
    "without within among during between upon per than since whether although though instead however therefore according "
    "another other others each every both either neither many much several few still yet once actually truly eg etc"
)
STOP_WORDS = _ENGLISH | COMMON_WORDS


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Each sentence with its offset, stripped of surrounding space; a full stop inside a token ends none."""
    for match in _SENTENCE.finditer(text):
        sentence = match.group()
        stripped = sentence.strip()
        if stripped:
            yield match.start() + sentence.index(stripped), stripped


def without_code(text: str) -> str:
    """The text with blanks in place of its fenced code, so that offsets stay: what a program may print nobody has said."""
    return _CODE.sub(lambda code: " " * len(code.group()), text)


def words(text: str) -> list[str]:
    """Words of a prose text or of an identifier in snake_case, camelCase or dotted form, in lower case."""
    return [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text).replace("_", " "))]


def stem(word: str) -> str:
    """Cut the commonest English endings, so that `booking`, `books` and `booked` meet. Crude on purpose: both sides of
    every comparison are cut alike."""
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word


def content_words(text: str) -> list[str]:
    """Words that carry meaning, in order: no stop words, nothing with a digit, nothing of one letter."""
    return [word for word in words(text) if word not in STOP_WORDS and len(word) > 1 and word.isalpha()]


def stems(text: str) -> set[str]:
    """The distinct stems of the content words."""
    return {stem(word) for word in content_words(text)}


def asks(text: str) -> bool:
    """Whether a sentence of a text asks or wants something, by the words that one asks with."""
    return any(_WISH.search(sentence) for _, sentence in sentences(text[:_TASK_LENGTH]))


def impersonal(text: str, *, limit: int = 10) -> str:
    """The text in at most `limit` words without what may name a person or a thing: tokens with digits, addresses, and
    capitalised words after the first (not in German, where nouns are capitalised). Lower case, so that statements read
    as one sentence."""
    kept = []
    has_capital_nouns = guess_language(text) == "de"
    for position, token in enumerate(_ID_IN_SCRIPT.sub(" ", _MARKUP.sub(" ", text)).split()):
        bare = token.strip(".,;:!?\"'()[]{}“”«»")
        is_name = position > 0 and bare[:1].isupper() and not bare.isupper() and not has_capital_nouns
        if bare and not is_name and "@" not in bare and not any(c.isdigit() for c in bare) and "/" not in bare:
            is_acronym = bare.isupper() and len(bare) > 1
            kept.append(bare if is_acronym or has_capital_nouns else bare.lower())
    return " ".join(kept[:limit])


def wish_of(text: str) -> str:
    """What a request is about in at most ten words, impersonal and without the courtesies around it.

    Of several sentences the one that asks or wants most is taken; a long text, which is a task, by its first.
    """
    spoken = [sentence for _, sentence in sentences(text[:_TASK_LENGTH])]
    asking = [sentence for sentence in spoken if _WISH.search(sentence)] or spoken
    chosen = max(asking, key=lambda sentence: min(len(content_words(sentence)), 8), default=text)
    return core(impersonal(chosen, limit=30), limit=10)


def core(text: str, *, limit: int) -> str:
    """A phrase that begins and ends with a word that carries meaning, in at most `limit` words; as it is where none does."""
    tokens = text.split()
    carrying = [at for at, token in enumerate(tokens) if content_words(token) or not token.isascii()]
    if not carrying:
        return " ".join(tokens[:limit])
    first = carrying[0]
    last = max(at for at in carrying if at < first + limit)
    return " ".join(tokens[first : last + 1])


def shorten(text: str, limit: int) -> str:
    """The text on one line, cut at a word with an ellipsis when longer than `limit` characters."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return line[: limit - 1].rsplit(" ", 1)[0] + "…"
