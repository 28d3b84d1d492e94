"""The table of answers: what a model once answered is never asked for again.

An answer is stored before it is used, so that a process may be killed at any point and pays nothing twice. Rows name the
conversation that they speak of and go with it when it is deleted; they hold what the model said, never the question.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from analyzer.asking.question import Completion, Question
from schemas.database import Database, Row
from schemas.errors import ModelAnswerInvalid

_TRIES = 2  # that may be of no use, before a run gives a question up
_FORMS_UNSEEN = 600  # tokens that an answer is taken to have before any of its form was seen


class Answers:
    """The answers of one model, for several threads at once. Close it when done."""

    def __init__(self, database: Database, model: str, run_id: str) -> None:
        """Take a client of its own of the database."""
        self._model, self._run_id = model, run_id
        self._lock = threading.Lock()
        self._database = database.clone()
        lengths = self._database.query("model_answer_length", model=model)
        self._expected: dict[str, int] = {row["form"]: round(row["mean_answer_tokens"]) for row in lengths}

    def find(self, question: Question) -> str | None:
        """The text of a good answer; None where there is none, or only one that was of no use.

        Raises:
            ModelAnswerInvalid: two answers were of no use in this run; the message says why.
            DatabaseError: the database failed.
        """
        with self._lock:
            rows = self._database.query("model_answer", question_hash=question.hash(self._model), run_id=self._run_id)
        known = rows[0] if rows else None
        if known and known["last_status"] == "bad" and known["bad_count"] >= _TRIES:
            raise ModelAnswerInvalid(known["last_problem"])
        return str(known["last_text"]) if known and known["last_status"] == "good" else None

    def expected_tokens(self, form: str) -> int:
        """How long answers of a form were of late."""
        return self._expected.get(form, _FORMS_UNSEEN)

    def keep(self, question: Question, completion: Completion, spent_usd: float, *, problem: str = "") -> None:
        """Store an answer; one with a problem is kept for its cost alone.

        Raises:
            DatabaseError: it is not stored.
        """
        self.insert([self.row(question, replace(completion, problem=problem), spent_usd)])

    def row(self, question: Question, completion: Completion, spent_usd: float, *, status: str = "") -> Row:
        """A question with its answer as a row of the table; `status` is the answer's own, unless given."""
        row = self.answered(completion, spent_usd) | {
            "question_hash": question.hash(self._model),
            "tenant": question.tenant,
            "conversation_id": question.conversation_id,
            "form": question.form,
        }
        return row | ({"status": status} if status else {})

    def answered(self, completion: Completion, spent_usd: float) -> Row:
        """The columns that tell of an answer, without those that tell what was asked."""
        return {
            "model": self._model,
            "status": "bad" if completion.problem else "good",
            "problem": completion.problem,
            "text": "" if completion.problem else completion.text,
            "prompt_tokens": completion.prompt_tokens,
            "answer_tokens": completion.answer_tokens,
            "spent_usd": spent_usd,
            "batch_key": "",
            "run_id": self._run_id,
            "answered_ns": time.time_ns(),
        }

    def insert(self, rows: Sequence[Row], *, token: str | None = None) -> None:
        """Store rows as they are."""
        with self._lock:
            self._database.insert("model_answers", rows, token=token)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()
