"""The one way to a model: what is known is not asked, what is asked is paid for within a budget and kept before it is used.

An answer that cannot be used is asked for once more, with the reason. Asking ends for the whole run when the budget is
spent, when every question is refused, or when the endpoint left several in a row unanswered; what is known already is
answered all the same.
"""

import threading
from dataclasses import dataclass, field
from typing import Protocol

from analyzer.asking.answers import Answers
from analyzer.asking.budget import Prices, Purse, Spending
from analyzer.asking.question import Completion, Endpoint, Question, question_of
from analyzer.models import ChatModel, Reply, read_reply
from schemas.errors import BudgetSpent, ModelAnswerInvalid, ModelError, ModelRefused, ModelSilent, ModelUnreachable

_TRIES = 2
_SILENCES = 3  # questions in a row without an answer, each after the client's own retries
_STRIPES = 256


class AskedOfOne(ChatModel, Protocol):
    """A model asked about one conversation; `was_silent` once a question stayed without an answer."""

    @property
    def was_silent(self) -> bool:
        """Whether the endpoint failed, rather than the answers."""
        ...


class Asks(Protocol):
    """What conversations are read with: an Asker, or the rehearsal of one."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    @property
    def ended_by(self) -> ModelError | None:
        """Why nothing new is asked any more; None as long as it is."""
        ...

    @property
    def last_silence(self) -> ModelError | None:
        """Why a question stayed unanswered, of the last one that did."""
        ...

    def about(self, tenant: str, conversation_id: str) -> AskedOfOne:
        """The model, asked about one conversation."""
        ...

    def spending(self) -> Spending:
        """What was asked so far, and what it cost."""
        ...


class Asker:
    """Asks one model, for several threads at once."""

    def __init__(self, endpoint: Endpoint, answers: Answers, purse: Purse | None = None) -> None:
        self.name = endpoint.name
        self.purse = purse or Purse(Prices())
        self.ended_by: ModelError | None = None
        self.last_silence: ModelError | None = None
        self._endpoint, self._answers = endpoint, answers
        self._silences, self._cached_count = 0, 0
        self._lock = threading.Lock()
        # One question at a time of those that fall on one stripe: the same one asked by two threads is paid for once.
        self._stripes = [threading.Lock() for _ in range(_STRIPES)]

    def about(self, tenant: str, conversation_id: str) -> "Asking":
        """The model, asked about one conversation."""
        return Asking(self, tenant, conversation_id)

    def spending(self) -> Spending:
        """See Asks. Answers of a batch count as asked, and as known whenever they are used."""
        return self.purse.spending(self._cached_count)

    def answer(self, question: Question, reply: type[Reply]) -> Reply:
        """The answer in the form of `reply`: a known one, else one that is paid for.

        Raises:
            ModelUnreachable: no answer within the time and the retries allowed.
            ModelAnswerInvalid: two answers that cannot be used, or this question is refused.
            BudgetSpent, ModelRefused, ModelSilent: nothing new is asked in this run any more.
            ModelPending: the answer comes later.
            DatabaseError: answers cannot be read or kept.
        """
        with self._stripes[int(question.hash(self.name)[:2], 16) % _STRIPES]:
            known = self._answers.find(question)
            if known is None:
                return self._ask(question, reply)
            try:
                answer = read_reply(known, reply)
            except ModelAnswerInvalid as error:  # kept unread, as those of batches are
                self._answers.keep(question, Completion(""), 0.0, problem=str(error))
                self._answers.find(question)  # raises where this was the second of no use
                return self._ask(question, reply)
            with self._lock:
                self._cached_count += 1
            return answer

    def _ask(self, question: Question, reply: type[Reply]) -> Reply:
        asked, problem = question, ""
        for _ in range(_TRIES):
            completion = self._paid(asked)
            spent_usd = self.purse.spend(completion.prompt_tokens, completion.answer_tokens)
            try:
                answer = _read(completion, reply)
            except ModelAnswerInvalid as error:
                problem = str(error)
                self._answers.keep(question, completion, spent_usd, problem=problem)
                asked = question.corrected(problem)
            else:
                # Under the first question, whichever try it was: that is the one which will be asked again.
                self._answers.keep(question, completion, spent_usd)
                return answer
        raise ModelAnswerInvalid(problem)

    def _paid(self, question: Question) -> Completion:
        """An answer of the endpoint, if there is budget and reason to ask."""
        if self.ended_by:
            raise self.ended_by
        try:
            with self.purse.held(question.token_count, self._answers.expected_tokens(question.form)):
                completion = self._endpoint.complete(question)
        except (BudgetSpent, ModelRefused) as error:
            self.ended_by = error
            raise
        except ModelUnreachable as error:
            self._note_silence(error)
            raise
        with self._lock:
            self._silences = 0
        return completion

    def _note_silence(self, error: ModelUnreachable) -> None:
        with self._lock:
            self.last_silence = error
            self._silences += 1
            if self._silences >= _SILENCES:
                self.ended_by = ModelSilent(
                    f"Several questions in a row stayed unanswered, so nothing more is asked in this run. {error} "
                    "The next run goes on where this one ended."
                )


@dataclass(slots=True)
class Asking:
    """A model asked about one conversation; a ChatModel. `was_silent` once a question stayed without an answer."""

    asker: Asker
    tenant: str = ""
    conversation_id: str = ""
    was_silent: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.asker.name

    def ask(self, system: str, user: str, reply: type[Reply]) -> Reply:
        """See ChatModel; raises what `Asker.answer` does."""
        question = question_of(system, user, reply, tenant=self.tenant, conversation_id=self.conversation_id)
        try:
            return self.asker.answer(question, reply)
        except ModelUnreachable:
            self.was_silent = True
            raise


@dataclass(frozen=True, slots=True)
class Naming:
    """A model asked for names, which can be had without one: where it is asked no more, it is unreachable."""

    asker: Asker

    @property
    def name(self) -> str:
        """The model's name."""
        return self.asker.name

    def ask(self, system: str, user: str, reply: type[Reply]) -> Reply:
        """See ChatModel."""
        try:
            return self.asker.about("", "").ask(system, user, reply)
        except (ModelUnreachable, ModelAnswerInvalid):
            raise
        except ModelError as error:
            raise ModelUnreachable(str(error)) from error


def _read(completion: Completion, reply: type[Reply]) -> Reply:
    if completion.problem:
        raise ModelAnswerInvalid(completion.problem)
    return read_reply(completion.text, reply)
