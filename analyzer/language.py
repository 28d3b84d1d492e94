"""Which language a text is in, guessed from its script and its commonest words."""

import re
from collections import Counter


def word_set(listed: str) -> frozenset[str]:
    """The words of a text as a set: how word lists are written here, so that they stay readable."""
    return frozenset(listed.split())


_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
)
_COMMON = {
    "en": "the and to of is you that it for with have this my can are what not your please i",
    "de": "der die das und ist nicht ich sie mit für ein eine zu auf wie kann mein bitte den habe meine meiner meinen einer "
    "einen dem des leider können es tut mir leid wir ihnen ihre ihren ihrer von im in am welche welcher gilt möchte",
    "fr": "le la les et est pas je vous pour une un des du que dans mon avec pouvez ce ne",
    "es": "el la los y es no por para una un que de en mi con puede se su usted quiero",
    "pt": "o os e é não para uma um que de em meu com pode você do da por quero as",
    "it": "il lo gli e è non per una un che di in mio con può della sono le vorrei ho",
    "nl": "de het een en is niet ik u voor met van dat mijn kan op zijn te je wil heb",
    "pl": "i nie to się na jest w z do że proszę mam czy mój jak o dla po tak chcę",
    "tr": "bir ve bu için ile mı mi değil var ne benim lütfen nasıl çok da de olarak istiyorum",
    "sv": "och att det är inte jag för en ett som på med kan min har vi du av till vill",
    "id": "yang dan di ke dari untuk saya tidak ini dengan itu ada bisa apa anda akan tolong mau ga",
    "vi": "và của là không tôi có cho được một các này với bạn những để trong",
}
_COMMON_SETS = {language: word_set(listed) for language, listed in _COMMON.items()}
# Words that carry no meaning in any of the languages; the English ones have a fuller list of their own.
COMMON_WORDS = frozenset(word for language, listed in _COMMON_SETS.items() if language != "en" for word in listed)
_WORD = re.compile(r"[^\W\d_]+")


def guess_language(text: str) -> str:
    """ISO 639-1 code of the likeliest language; empty where the text gives no hold.

    A script decides first, when at least a fifth of the letters belong to it. Latin script is decided by counting common
    words, ties go to English.
    """
    sample = text[:4000]
    letters = sum(character.isalpha() for character in sample)
    if not letters:
        return ""
    for language, script in _SCRIPTS:
        if len(script.findall(sample)) * 5 >= letters:
            return language
    counts = Counter(_WORD.findall(sample.lower()))
    scores = {language: sum(counts[w] for w in common) for language, common in _COMMON_SETS.items()}
    best = max(scores, key=lambda language: (scores[language], language == "en"))
    return best if scores[best] else ""
