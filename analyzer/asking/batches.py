"""Questions by the file, for endpoints with OpenAI's batch interface: cheaper, and answered within a day.

    ask ─▶ ModelPending, the question waits ─settle▶ file ▶ batch ▶ poll ▶ answers (table model_answers) ─▶ ask again

What a batch asks is stored before it is sent, and its id as soon as there is one: a process that was killed finds it by
the key that it gave the batch, and nothing is paid twice. Files are deleted at the endpoint once they are read.
"""

import tempfile
import threading
import time
import uuid
from contextlib import suppress
from typing import IO, Any

import openai
import orjson
from openai.types import Batch
from openai.types.chat import ChatCompletion

from analyzer.asking.answers import Answers
from analyzer.asking.budget import Purse
from analyzer.asking.question import Completion, Question
from analyzer.openai_models import OpenAIChat, failure, read_completion
from schemas.as_json import as_json
from schemas.database import Database, Row
from schemas.errors import ModelPending, ModelUnreachable

QUESTION_LIMIT = 20_000  # in one batch; services take 50,000, and 200 MB
_INSERT_ROWS = 1_000
_OVER = frozenset({"completed", "failed", "expired", "cancelled"})
_KEY = "momus_batch"  # what a batch is found by at the endpoint


class Batches:
    """An endpoint that answers later. `complete` may be called by several threads, everything else by one."""

    def __init__(
        self,
        chat: OpenAIChat,
        answers: Answers,
        purse: Purse,
        database: Database,
        run_id: str,
        *,
        poll_s: float = 30.0,
    ) -> None:
        """Take the endpoint; a batch that was sent is looked at every `poll_s` seconds."""
        self.name = chat.name
        self._chat, self._answers, self._purse, self._database = chat, answers, purse, database
        self._run_id, self._poll_s = run_id, poll_s
        self._lock = threading.Lock()
        self._waiting: dict[str, Row] = {}
        self._held = (0, 0)
        # Bodies of questions are large, and there may be many.
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as questions come

    def complete(self, question: Question) -> Completion:
        """See Endpoint: keeps the question for the next batch, if there is budget for it.

        Raises:
            ModelPending: always, or BudgetSpent.
        """
        key, tokens = question.hash(self.name), (question.token_count, self._answers.expected_tokens(question.form))
        with self._lock:
            if key not in self._waiting and len(self._waiting) < QUESTION_LIMIT:
                self._purse.hold(*tokens)
                self._held = (self._held[0] + tokens[0], self._held[1] + tokens[1])
                self._file.write(_line(key, self._chat.body(question)))
                self._waiting[key] = self._answers.row(question, Completion(""), 0.0, status="pending")
        raise ModelPending

    def settle(self) -> int:
        """Send what waits, wait for everything that was sent, also by runs before, and keep the answers.

        Returns:
            The number of answers that came; 0 where nothing was open.

        Raises:
            ModelUnreachable, ModelRefused: the endpoint failed; the next run goes on from there.
        """
        try:
            if self._waiting:
                self._send()
            return sum(map(self._collect, self._database.query("open_batches", model=self.name)))
        except openai.APIError as error:
            raise failure(error) from error

    def close(self) -> None:
        """Forget what waits and was not sent."""
        self._file.close()

    def _send(self) -> None:
        key = uuid.uuid4().hex
        rows = [row | {"batch_key": key} for row in self._waiting.values()]
        for start in range(0, len(rows), _INSERT_ROWS):
            self._answers.insert(rows[start : start + _INSERT_ROWS], token=f"{key}/pending/{start}")
        self._note(key, "sending", count=len(rows))
        self._file.seek(0)
        client = self._chat.client
        sent = client.files.create(file=("questions.jsonl", self._file), purpose="batch")
        made = client.batches.create(
            input_file_id=sent.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={_KEY: key}
        )
        self._note(key, "sent", made.id, count=len(rows))
        self._forget()

    def _forget(self) -> None:
        self._purse.release(*self._held)
        self._waiting, self._held = {}, (0, 0)
        self._file.close()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115

    def _collect(self, open_batch: Row) -> int:
        """Wait for one batch and keep its answers."""
        key, count = open_batch["batch_key"], open_batch["question_count"]
        batch = self._found(open_batch)
        while batch and batch.status not in _OVER:
            time.sleep(self._poll_s)
            batch = self._chat.client.batches.retrieve(batch.id)
        kept = self._keep(batch, key) if batch else 0
        self._note(key, "done" if batch else "lost", batch.id if batch else "", count=count)
        self._delete_files(batch)
        if batch and not kept and batch.status != "completed":
            raise ModelUnreachable(f"The model endpoint ended a batch of {count} questions as {batch.status}.")
        return kept

    def _found(self, open_batch: Row) -> Batch | None:
        """The batch at the endpoint; of one whose id was never stored, by its key. None where it was never made."""
        client = self._chat.client
        if open_batch["batch_id"]:
            return client.batches.retrieve(open_batch["batch_id"])
        key = open_batch["batch_key"]
        return next((one for one in client.batches.list(limit=100) if (one.metadata or {}).get(_KEY) == key), None)

    def _keep(self, batch: Batch, key: str) -> int:
        """Store the answers of a batch that is over; once stored, they are not stored again."""
        asked = {row["question_hash"]: row for row in self._database.query("questions_of_batch", batch_key=key)}
        rows: list[Row] = []
        for file_id in (batch.output_file_id, batch.error_file_id):
            if file_id:
                lines = self._chat.client.files.content(file_id).iter_lines()
                rows += [row for line in lines if line.strip() and (row := self._answered(orjson.loads(line), asked))]
        for start in range(0, len(rows), _INSERT_ROWS):
            self._answers.insert(rows[start : start + _INSERT_ROWS], token=f"{key}/answers/{start}")
        return len(rows)

    def _delete_files(self, batch: Batch | None) -> None:
        """Have the endpoint forget what it was sent and what it said; what it refuses goes with its own retention."""
        for file_id in (batch.input_file_id, batch.output_file_id, batch.error_file_id) if batch else ():
            with suppress(openai.APIError):
                if file_id:
                    self._chat.client.files.delete(file_id)

    def _answered(self, line: dict[str, Any], asked: dict[str, Row]) -> Row | None:  # Any: JSON of the endpoint
        """One line of a result as a row; None for a question that this batch did not ask."""
        question = asked.get(line.get("custom_id", ""))
        if question is None:
            return None
        response = line.get("response") or {}
        if response.get("status_code") == 200:
            made = read_completion(ChatCompletion.model_validate(response["body"]))
        else:
            made = Completion("", problem="The model endpoint answered the question in a batch with an error.")
        spent_usd = self._purse.spend(made.prompt_tokens, made.answer_tokens)
        return question | self._answers.answered(made, spent_usd)

    def _note(self, key: str, status: str, batch_id: str = "", *, count: int) -> None:
        now_ns = time.time_ns()
        row = {
            "batch_key": key, "batch_id": batch_id, "model": self.name, "status": status, "question_count": count,
            "sent_ns": now_ns, "run_id": self._run_id, "version": now_ns, "is_deleted": 0,
        }  # fmt: skip
        self._database.insert("model_batches", [row])


def _line(key: str, body: dict[str, Any]) -> bytes:  # Any: JSON
    return as_json({"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}) + b"\n"
