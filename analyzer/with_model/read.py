"""Read one conversation with a model. The whole order is here; each step is a module of its own."""

from collections.abc import Sequence
from dataclasses import replace

from analyzer.facets.answers import FacetAnswer
from analyzer.facets.measured import measured, unanswered
from analyzer.language import guess_language
from analyzer.models import ChatModel
from analyzer.summarise import Summary, summarise
from analyzer.text import shorten
from analyzer.with_model.digest import Digest, digest
from analyzer.with_model.gate import gate, hidden_quote
from analyzer.with_model.known import contested
from analyzer.with_model.merge import Merged, merge, together
from analyzer.with_model.names import names_in
from analyzer.with_model.prompts import MERGE, READ
from analyzer.with_model.question import ask_about, ask_to_merge
from analyzer.with_model.reading import GateCounts, Reading, ReadingSetup
from analyzer.with_model.redact import Redactor
from analyzer.with_model.replies import ReadReply, SummaryReply, read_form, summary_form
from analyzer.with_model.verify import verify
from schemas.errors import ModelAnswerInvalid, ModelUnreachable
from schemas.families import Finding
from schemas.records import Conversation

_REQUEST_CHARS, _SUMMARY_CHARS, _TEXT_CHARS = 240, 900, 300


def read_conversation(
    model: ChatModel, conversation: Conversation, found: Sequence[Finding], setup: ReadingSetup
) -> Reading:
    """What the model makes of a conversation, checked against it.

    Args:
        model: asked through `ask` alone. ModelUnreachable and ModelAnswerInvalid end in the state `failed`; whatever
            else it raises (an answer that is still pending, a key that is refused) goes to the caller.
        conversation: as assembled.
        found: what detectors found in it, through their quote gate.
        setup: see ReadingSetup.
    """
    language = guess_language("\n".join(m.body.content for m in conversation.messages if m.body.role == "user"))
    names = names_in(conversation) if setup.redacts else ()
    redactor = Redactor(personal=setup.redacts, user_id=conversation.user_id, language=language, names=names)
    made = digest(conversation, redactor.hide, token_budget=setup.token_budget, window_limit=setup.window_limit)
    if conversation.is_content_missing or not made.windows:
        return _unread(conversation, found, setup, "skipped: no content was sent", "")
    try:
        reading = _read(model, conversation, found, setup, made, redactor)
    except (ModelUnreachable, ModelAnswerInvalid) as error:
        return _unread(conversation, found, setup, f"failed: {error}", model.name)
    return _without_personal_quotes(reading, redactor) if setup.redacts_quotes else reading


def _read(
    model: ChatModel,
    conversation: Conversation,
    found: Sequence[Finding],
    setup: ReadingSetup,
    made: Digest,
    redactor: Redactor,
) -> Reading:
    replies = [
        model.ask(READ.system, ask_about(conversation, window, found, setup, redactor.hide, part=part), form)
        for window, part, form in _windows(made, setup)
    ]
    told = replies[0] if len(replies) == 1 else _merged(model, replies, setup)
    claims = [claim for reply in replies for claim in reply.findings]
    gated = gate(model, conversation, made, claims, redactor, prompt_hash=setup.prompt_hashes["read"])
    wrong = contested(conversation, found, [number for reply in replies for number in reply.known_wrong])
    merged = merge(found, gated.findings, wrong)
    asked = [*merged.claimed, *merged.suspected]
    verified = verify(model, conversation, made.pieces, asked, redactor.hide)
    findings = together(found, merged, verified.findings)
    counts = GateCounts(
        claimed=len(gated.findings) + gated.unquoted,
        admitted=len(merged.claimed) - verified.claims_contradicted,
        retried=gated.retried,
        unquoted=gated.unquoted,
        contradicted=verified.claims_contradicted,
        repeated=merged.repeated,
        detectors_contradicted=verified.detectors_contradicted,
    )
    facets = (*measured(conversation), *_facets(told, replies, merged, setup, model.name, redactor))
    names = ["read", *["merge"] * (len(replies) > 1), *["requote"] * bool(gated.retried), *["verify"] * bool(asked)]
    hashes = {name: setup.prompt_hashes[name] for name in names}
    return Reading(
        _summary(conversation, told, findings, setup, model.name, redactor),
        facets,
        findings,
        "analysed",
        counts,
        hashes,
    )


def _windows(made: Digest, setup: ReadingSetup) -> list[tuple[str, str, type[ReadReply]]]:
    """Each window with the words that say which part it is, and the form of the answer."""
    form, count = read_form(setup.facets), len(made.windows)
    parts = [f", part {n} of {count} of a long conversation" if count > 1 else "" for n in range(1, count + 1)]
    return [(window, part, form) for window, part in zip(made.windows, parts, strict=True)]


def _merged(model: ChatModel, replies: Sequence[ReadReply], setup: ReadingSetup) -> SummaryReply:
    return model.ask(MERGE.system, ask_to_merge(replies, setup), summary_form(setup.facets))


def _summary(
    conversation: Conversation,
    told: SummaryReply,
    findings: Sequence[Finding],
    setup: ReadingSetup,
    model: str,
    redactor: Redactor,
) -> Summary:
    said = told.user_language.strip().lower()[:2]
    language = said if said.isascii() and said.isalpha() else summarise(conversation, findings).language
    return Summary(
        shorten(redactor.clean(told.summary), _SUMMARY_CHARS),
        shorten(redactor.clean(told.request), _REQUEST_CHARS),
        told.outcome, language, by=model, model=model, prompt_hash=setup.prompt_hashes["read"],
    )  # fmt: skip


def _facets(
    told: SummaryReply,
    replies: Sequence[ReadReply],
    merged: Merged,
    setup: ReadingSetup,
    model: str,
    redactor: Redactor,
) -> tuple[FacetAnswer, ...]:
    verdicts = {reply.verdict for reply in replies}
    seen = bool(merged.facts or merged.claimed)
    # A model that could not tell is believed, unless something was found; "none" is only believed of every window.
    verdict = "findings" if seen else "insufficient_evidence" if "insufficient_evidence" in verdicts else "none"
    own = (
        FacetAnswer("task", "text", shorten(redactor.clean(told.task), 80).lower() or None, model),
        FacetAnswer("user_signal", "choice", told.user_signal, model),
        FacetAnswer("frustration", "choice", told.frustration, model),
        FacetAnswer("user_language", "text", told.user_language.strip().lower()[:2] or None, model),
        FacetAnswer("findings_verdict", "choice", verdict, model),
    )
    answers = told.answers
    asked = (FacetAnswer(f.name, f.type, _value(answers.get(f.name), redactor), model) for f in setup.facets)
    return (*own, *asked)


def _value(value: bool | float | str | None, redactor: Redactor) -> bool | float | str | None:
    if isinstance(value, str):
        return shorten(redactor.clean(value), _TEXT_CHARS) or None
    return value


def _unread(
    conversation: Conversation, found: Sequence[Finding], setup: ReadingSetup, state: str, model: str
) -> Reading:
    """What is left without the model: the extractive summary, what code can count, what detectors found."""
    summary = replace(summarise(conversation, found), model=model, note=state)
    return Reading(summary, (*measured(conversation), *unanswered(setup.facets, summary.language)), tuple(found), state)


def _without_personal_quotes(reading: Reading, redactor: Redactor) -> Reading:
    return replace(reading, findings=tuple(hidden_quote(finding, redactor.hide) for finding in reading.findings))
