"""What the agent says instead of serving: that it cannot, that nothing is there, or that a person will take over."""

import re
from collections.abc import Iterator

from analyzer.lexicon import IMPERSONAL, NO_REFUSAL, NOT_FOUND, REFUSAL, WANTS_HUMAN
from analyzer.observations import Observation, arguments_place, message_place, quote_of_call, request_of
from analyzer.technical.unwrap import parse
from analyzer.text import STOP_WORDS, content_words, sentences, wish_of, without_code, words
from schemas.records import Conversation, Message, ToolCall

_NAME = "refusals"
_CLAUSE_END = re.compile(
    r"[,;:()–—]|\s-\s|\b(?:because|since|as (?:i|it|this|we|there)|but|so (?:i|you)|due to|however|though|and (?:i|you|we|they)\b|which|until|unless|at this (?:time|point)"
    r"|at the moment|right now|myself|on your behalf|weil|da ich|aber|car|mais|porque|pero|perché|ma)\b",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"^(?:\W|\b(?:to|you|directly|currently|actually|with|in|of|any|further|please|be able to|assist|help|support|do|perform|"
    r"complete|carry out|process|provide|offer|give|that|this|it|anything|for|you with|requests?|tasks?|actions?)\b)+",
    re.IGNORECASE,
)
# "Insurance cannot be added": what and, in the form that tools are named by, which deed.
_DEEDS = {
    "added": "add", "adjusted": "adjust", "applied": "apply", "cancelled": "cancel", "canceled": "cancel",
    "changed": "change", "combined": "combine", "deleted": "delete", "exchanged": "exchange", "extended": "extend",
    "issued": "issue", "merged": "merge", "modified": "modify", "moved": "move", "refunded": "refund",
    "removed": "remove", "rescheduled": "reschedule", "returned": "return", "split": "split",
    "transferred": "transfer", "updated": "update", "upgraded": "upgrade", "waived": "waive",
}  # fmt: skip
_PASSIVE = re.compile(
    rf"\b([^,;:.!?]{{3,80}}?) (?:cannot|can['’]t|can not) be (?:\w+ly )?({'|'.join(_DEEDS)})\b", re.IGNORECASE
)
_ENCLOSING = 5  # words of a refusal from which on it encloses its object: "ich kann die Adresse leider nicht"
# "The user, Ann Lee, wants to ...": what the agent reports of the user before it comes to the wish.
_REPORTED = re.compile(
    r"^[^.!?]{0,200}?\b(?:user|customer|caller|client|guest|patient|he|she|they)\b[^.!?]{0,200}?\b(?:needs?|wants?|requests?|requesting|requested|wishes|asks?|asking|seeks?"
    r"|would like|insists?)\b(?: (?:to|that|for|on|assistance|help|with|in|speak|the following))*\s",
    re.IGNORECASE,
)
# "The file was not found, hence the error": an agent that mends its own program tells of a failure, which its call told.
_OF_A_FAULT = re.compile(r"\b(?:errors?|exceptions?|tracebacks?|stack traces?)\b", re.IGNORECASE)
_HUMAN_TOOL = frozenset(
    {"human", "humans", "representative", "operator", "supervisor", "escalate", "escalation", "person"}
)


def refusals(conversation: Conversation) -> Iterator[Observation]:
    """The first refusal of each answer, with what was refused; where there is none, the first "not found"."""
    for message in conversation.messages:
        if message.body.role == "assistant" and message.body.content and not message.is_delegation:
            yield from _refusal_in(conversation, message)


def handovers(conversation: Conversation) -> Iterator[Observation]:
    """Each call that passes the user on to a person, unless the user's first words asked for one."""
    asked = WANTS_HUMAN.search(request_of(conversation, 1))
    for call in conversation.tool_calls:
        named = set(words(call.name))
        if not asked and (named & _HUMAN_TOOL or {"live", "agent"} <= named or named == {"transfer", "call"}):
            yield Observation(
                "handover", "handovers", arguments_place(conversation, call), quote_of_call(call),
                operation=call.name, subject=_reason(call) or _last_wish(conversation, call.turn), confidence="low",
            )  # fmt: skip


def _reason(call: ToolCall) -> str:
    """The longest text among the arguments: why the agent hands over, in its own words; empty where it says little."""
    value = parse(call.arguments)
    texts = [text for text in value.values() if isinstance(text, str)] if isinstance(value, dict) else []
    longest = max(texts, key=len, default="")
    reported = _REPORTED.split(longest, maxsplit=1)[-1]
    return next(
        (text for text in (reported, longest) if len(content_words(text)) >= 3 and content_words(wish_of(text))), ""
    )


def _last_wish(conversation: Conversation, turn: int) -> str:
    """The latest user message that says more than yes, thanks, or please connect me."""
    for earlier in range(turn, 0, -1):
        request = request_of(conversation, earlier)
        if len(content_words(request)) >= 3 and not WANTS_HUMAN.search(request):
            return request
    return request_of(conversation, 1)


def _refusal_in(conversation: Conversation, message: Message) -> Iterator[Observation]:
    spoken = [sentence for _, sentence in sentences(without_code(message.body.content))]
    request = request_of(conversation, message.turn)
    for number, sentence in enumerate(spoken):
        if NO_REFUSAL.search(sentence) or sentence.endswith(("?", "？")):
            continue
        around = " ".join(spoken[max(0, number - 1) : number + 2])
        # "I can't find your order" refuses nothing: the tool was there and the record was not.
        if NOT_FOUND.search(sentence):
            if _OF_A_FAULT.search(sentence):
                continue
            yield Observation(
                "not_found_said", _NAME, message_place(message), sentence,
                subject=request, context=around, confidence="low",
            )  # fmt: skip
            return
        if refused := REFUSAL.search(sentence):
            action = _refused_in(sentence, refused)
            # "I can't do that" leaves open what; the request must say it.
            yield Observation(
                "refusal", _NAME, message_place(message), sentence,
                subject=action or request, context=around, confidence="medium" if action else "low",
            )  # fmt: skip
            return
        if passive := _PASSIVE.search(sentence):
            what = _CLAUSE_END.split(passive[1])[-1].strip()
            yield Observation(
                "refusal", _NAME, message_place(message), sentence,
                subject=f"{_DEEDS[passive[2].lower()]} {what[:1].lower()}{what[1:]}", context=around, confidence="low",
            )  # fmt: skip
            return
        if IMPERSONAL.search(sentence):
            yield Observation(
                "refusal", _NAME, message_place(message), sentence, subject=request, context=around, confidence="low"
            )
            return


def _refused_in(sentence: str, refused: re.Match[str]) -> str:
    """What is refused: mostly what follows; in languages that put the verb last, what the refusal encloses."""
    after = refused_action(sentence[refused.end() :])
    if after or len(refused.group().split()) < _ENCLOSING:
        return after
    enclosed = f"{refused.group()} {sentence[refused.end() :]}"
    return " ".join(word for word in enclosed.split() if word.lower().strip(".,!") not in STOP_WORDS)


def refused_action(rest: str) -> str:
    """What is refused, from the words after "I cannot"; empty where they say no more than "help with that"."""
    clause = _CLAUSE_END.split(rest, maxsplit=1)[0]
    action = _FILLER.sub("", clause).strip(" .!?*_\"'")
    return action if len(content_words(action)) >= 2 else ""
