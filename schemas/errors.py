"""Every error that momus raises on purpose. The class docstring is the default message: what happened and what to do.

MomusError
├── SettingsError
├── DatabaseError
│   ├── DatabaseInUse
│   ├── DatabaseUnreachable
│   ├── DatabaseRefused
│   ├── DatabaseTooNew
│   └── EngineMissing
├── SpoolError
│   ├── SpoolFull
│   ├── SpoolInUse
│   └── SpoolWriteFailed
├── BadRequest
│   ├── Undecodable
│   └── TooLarge
├── Unauthenticated
├── Overloaded
├── NotFound
├── BadQuery
│   └── BadSyntax
├── PromptLeak
├── BadDecision
└── ModelError
    ├── ModelUnreachable
    ├── ModelAnswerInvalid
    ├── ModelRefused
    ├── ModelSilent
    ├── ModelPending
    └── BudgetSpent
"""

import inspect


class MomusError(Exception):
    """Something that momus knows went wrong; the message says what to do."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.cleandoc(type(self).__doc__ or ""))


class SettingsError(MomusError):
    """A setting has a value that cannot be used. `momus settings` lists all settings with their meaning."""


class DatabaseError(MomusError):
    """The database refused or failed."""


class DatabaseInUse(DatabaseError):
    """Another process has this chDB folder open. Stop it, or point MOMUS_DATABASE at a ClickHouse server."""


class DatabaseUnreachable(DatabaseError):
    """The ClickHouse server does not answer. Check MOMUS_DATABASE and that the server is running."""


class DatabaseRefused(DatabaseError):
    """The ClickHouse server does not let us in. Check the user, the password and the database in MOMUS_DATABASE."""


class DatabaseTooNew(DatabaseError):
    """The database was written by a newer momus or a newer engine. Upgrade momus, or open another folder."""


class EngineMissing(DatabaseError):
    """The embedded engine is not installed. Run `pip install 'momus[embedded]'`, or point MOMUS_DATABASE at a server."""


class SpoolError(MomusError):
    """The spool cannot be used."""


class SpoolFull(SpoolError):
    """The spool has reached its limit. It drains as soon as the database accepts rows; raise MOMUS_SPOOL_LIMIT_BYTES."""


class SpoolInUse(SpoolError):
    """Another process writes to this spool folder. Stop it, or give this one its own MOMUS_SPOOL folder."""


class SpoolWriteFailed(SpoolError):
    """The spool could not be written, so the request was not acknowledged. Check the disk that holds MOMUS_SPOOL."""


class BadRequest(MomusError):
    """The request can never be accepted as it is."""


class Undecodable(BadRequest):
    """The body is not a valid OTLP export request."""


class TooLarge(BadRequest):
    """The request is larger than this collector takes. Lower the exporter's batch size, or raise MOMUS_REQUEST_LIMIT_BYTES."""


class Unauthenticated(MomusError):
    """This collector takes nothing without a key. Send one of its keys as `Authorization: Bearer <key>` or `x-api-key: <key>`."""


class Overloaded(MomusError):
    """The collector holds as many requests in memory as it may. Send again later; if this lasts, run one more collector."""


class NotFound(MomusError):
    """There is nothing of that name. `momus issues` lists issues, `momus sql 'SELECT * FROM conversations'` conversations."""


class BadQuery(MomusError):
    """The database cannot run this SQL."""


class BadSyntax(BadQuery):
    """This is no SQL that ClickHouse reads."""


class BadDecision(MomusError):
    """That cannot be decided about an issue. `momus triage --help` lists what can."""


class PromptLeak(MomusError):
    """A prompt holds an example that stands in the conversations to be scored. Take it out, or label other conversations."""


class ModelError(MomusError):
    """The model could not be asked."""


class ModelUnreachable(ModelError):
    """The model endpoint does not answer. Check MOMUS_MODEL_URL; without a model momus analyses with detectors alone."""


class ModelAnswerInvalid(ModelError):
    """The model's answer does not have the form that was asked for."""


class ModelRefused(ModelError):
    """The model endpoint refuses every question. Check MOMUS_MODEL_KEY and MOMUS_MODEL_NAME."""


class ModelSilent(ModelError):
    """The model endpoint left several questions in a row unanswered, so it is asked no more in this run. Check MOMUS_MODEL_URL; the next run goes on where this one ended."""


class ModelPending(ModelError):
    """The question is not answered yet; its answer comes with a batch."""


class BudgetSpent(ModelError):
    """The budget for model calls is spent. What was not read is read as soon as there is budget again."""
