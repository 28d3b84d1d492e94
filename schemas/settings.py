"""Settings: read once at the edge into a frozen value, then passed down as plain arguments.

Every setting is an environment variable `MOMUS_<NAME>`; units are the last word of the name. `momus settings` prints
this table, and the one in README.md is made from it.
"""

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.errors import SettingsError

MIB = 1024 * 1024
GIB = 1024 * MIB


class Settings(BaseSettings):
    """How one momus process is set up. Every default works on a laptop with nothing else installed."""

    model_config = SettingsConfigDict(env_prefix="MOMUS_", frozen=True, extra="ignore", env_ignore_empty=True)

    database: str = Field(
        default_factory=lambda: f"chdb://{Path('momus-data/database').resolve()}",
        repr=False,  # may hold a password
        description="Where everything is stored: chdb:///folder for the embedded engine, "
        "clickhouse://user:password@host:8123/momus for a server, clickhouses:// for one with TLS.",
    )
    spool: Path = Field(
        default_factory=lambda chosen: _spool_beside(chosen.get("database", "")),
        description="Folder that holds acknowledged export requests until the database has them; by default beside the "
        "embedded database, so that what is meant for one never reaches another.",
    )
    grpc_address: str = Field(default="127.0.0.1:4317", description="Where OTLP over gRPC is received.")
    http_address: str = Field(default="127.0.0.1:4318", description="Where OTLP over HTTP is received.")
    clickhouse_address: str = Field(
        default="127.0.0.1:8123",
        description="Where the embedded engine answers ClickHouse's HTTP interface, for other terminals and BI.",
    )
    keys: SecretStr = Field(
        default=SecretStr(""),
        description="Who may send and read counters: `tenant:key,...`; once there is one, nothing is answered without a key.",
    )
    keys_file: Path | None = Field(
        default=None,
        description='More keys: a TOML file with a line `"key" = "tenant"` or `"sha256:hex" = "tenant"` for each.',
    )
    insecure: bool = Field(
        default=False, description="Listen beyond loopback although neither keys nor tls_client_ca keep strangers out."
    )
    tls_certificate: Path | None = Field(
        default=None, description="PEM file with the certificate chain that both OTLP ports show; read at the start."
    )
    tls_key: Path | None = Field(default=None, description="PEM file with the certificate's private key, unencrypted.")
    tls_client_ca: Path | None = Field(
        default=None, description="PEM file with the authorities one of which must have signed a client's certificate."
    )
    request_limit_bytes: int = Field(
        default=64 * MIB, gt=0, description="Largest export request that is taken, after decompression."
    )
    redaction_file: Path | None = Field(
        default=None, description="TOML file that names what is taken out of requests before they are stored."
    )
    value_limit_bytes: int = Field(
        default=MIB,
        ge=0,
        description="Longest text in a span or log record; longer ones are cut and say so. 0 cuts none.",
    )
    spool_limit_bytes: int = Field(
        default=8 * GIB, gt=0, description="Space the spool may use before exporters are asked to try again later."
    )
    segment_limit_bytes: int = Field(
        default=16 * MIB, gt=0, description="Size at which a spool segment is closed and written to the database."
    )
    segment_age_s: float = Field(
        default=1.0,
        gt=0,
        description="Age at which a spool segment is closed, later while small ones wait: how long new spans stay invisible.",
    )
    spool_retention_days: float = Field(
        default=0.0, ge=0, description="How long written segments are kept for replay; 0 deletes them once verified."
    )
    engine_memory_limit_bytes: int = Field(
        default=2 * GIB, gt=0, description="Memory the embedded engine may use in all; a server has its own limit."
    )
    analyze_interval_s: float = Field(
        default=60.0, ge=0, description="Pause between two runs of the analyzer in `momus serve`; 0 never runs it."
    )
    quiet_s: float = Field(
        default=30.0, ge=0, description="A trace that received nothing for this long counts as closed and is analysed."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level of what `momus serve` and `momus collect` log to standard error."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="How they log, a line an event: text is key=value."
    )
    model_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="Base URL of an OpenAI-compatible endpoint; empty analyses with detectors alone.",
    )
    model_name: str = Field(default="", description="Chat model that summarises conversations and names findings.")
    model_key: SecretStr = Field(default=SecretStr(""), description="Key for the model endpoint.")
    embedding_model: str = Field(
        default="", description="Embedding model at the same endpoint; empty uses the local light embedding."
    )
    model_window_tokens: int = Field(
        default=12_000, ge=2_000, description="Tokens of a conversation, by estimate, that one question shows at most."
    )
    model_redaction: bool = Field(
        default=True,
        description="Hide e-mail addresses, telephone, card and account numbers, IP addresses and keys from the model.",
    )
    quote_redaction: bool = Field(
        default=False, description="Hide them in the quotes of findings, too; offsets still count in the original."
    )
    model_concurrency: int = Field(default=8, ge=1, le=256, description="Conversations that a model reads at once.")
    model_timeout_s: float = Field(
        default=120.0, gt=0, description="How long one answer of a model may take before it is asked for again."
    )
    model_retries: int = Field(
        default=4,
        ge=0,
        le=20,
        description="How often a question is sent again after a rate limit, a time-out or a failure.",
    )
    model_poll_s: float = Field(
        default=30.0, gt=0, description="How often a batch is looked at, once `momus analyze --batch` has sent it."
    )
    model_input_usd: float = Field(
        default=0.0, ge=0, description="Price of a million tokens in a question, in US dollars."
    )
    model_output_usd: float = Field(
        default=0.0, ge=0, description="Price of a million tokens in an answer, in US dollars."
    )
    model_budget: str = Field(
        default="",
        description="What all runs of any 24 hours may spend on the chat model: `5usd`, `2M tokens`; empty is no limit.",
    )
    cluster_min_conversations: int = Field(
        default=2, ge=1, description="A group of findings or requests is shown from this many conversations on."
    )
    cluster_min_users: int = Field(default=1, ge=1, description="And from this many users on, where users are known.")
    cluster_method: Literal["neighbours", "umap_hdbscan"] = Field(
        default="neighbours",
        description="How a hundred texts and more are grouped: by shared neighbours, or by UMAP and HDBSCAN, which is "
        "slower, leaves more out, and tells stability from four clusterings of parts instead of twenty.",
    )
    facets_file: Path | None = Field(
        default=None, description="TOML file with a team's own questions to every conversation: see `momus facets -h`."
    )
    agent_card_file: Path | None = Field(
        default=None,
        description="Text that tells the model in a few sentences what the agent is for, what data it has and what it must not do.",
    )
    summary_prompt_file: Path | None = Field(
        default=None,
        description="Text in place of the part of the prompt that asks for the summary; `momus prompts` shows ours.",
    )

    @property
    def has_model(self) -> bool:
        """Whether conversations are read by a model."""
        return bool(self.model_url and self.model_name)


def _spool_beside(database: str) -> Path:
    """The spool of a database: next to an embedded one's folder, else in the working directory."""
    if not database.startswith("chdb:"):
        return Path("momus-data/spool").resolve()
    url = urlsplit(database)
    folder = Path(unquote(url.netloc + url.path)).resolve()
    return folder.with_name("spool" if folder.name == "database" else f"{folder.name}-spool")


def load(**values: Any) -> Settings:  # Any: what a command line option or a test hands over is validated here
    """Read the settings from the environment; `values` win over it.

    Raises:
        SettingsError: a value cannot be used, or a variable is misspelt; the message names the variable, never a value.
    """
    _refuse_misspelt(os.environ)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(_in_one_sentence(error)) from None
    _refuse_half_a_model(settings)
    return settings


def _refuse_half_a_model(settings: Settings) -> None:
    """Refuse an endpoint without a model, or a model without its endpoint: nothing would be asked, without a word."""
    names = settings.model_name or settings.embedding_model
    if names and not settings.model_url:
        raise SettingsError("A model is named and MOMUS_MODEL_URL is not set; https://api.openai.com/v1 is OpenAI's.")
    if settings.model_url and not names:
        raise SettingsError("MOMUS_MODEL_URL is set and MOMUS_MODEL_NAME is not: which model shall read conversations?")


def _refuse_misspelt(variables: Iterable[str]) -> None:
    """Refuse a variable that begins with MOMUS_ and is no setting: it would be ignored without a word."""
    known = [line.variable for line in table()]
    for name in sorted(map(str.upper, variables)):
        if name.startswith("MOMUS_") and name not in known and not _OF_KUBERNETES.search(name):
            meant = "".join(f"; perhaps {near} is meant" for near in get_close_matches(name, known, n=1))
            raise SettingsError(f"{name} is no setting{meant}. `momus settings` lists all.")


# What pods are told of a service by the name of momus: MOMUS_SERVICE_HOST, MOMUS_PORT_4318_TCP_ADDR and so on.
_OF_KUBERNETES = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$")


class SettingLine(NamedTuple):
    """One row of the table of settings; all of it is text to print. `given` is what the environment says, if it does."""

    name: str
    variable: str
    default: str
    description: str
    given: str = ""


def table(variables: Mapping[str, str] | None = None) -> list[SettingLine]:
    """Return every setting with its variable, default and meaning, in the order they are declared.

    With environment `variables`, also what they say; of a secret only that it is set.
    """
    said = {name.upper(): value for name, value in (variables or {}).items()}
    return [
        SettingLine(
            name, variable := f"MOMUS_{name.upper()}", _default_text(name), field.description or "",
            _without_secret(name, said.get(variable, "")),
        ) for name, field in Settings.model_fields.items()
    ]  # fmt: skip


def _without_secret(name: str, value: str) -> str:
    """A value to show: of a key nothing, of a URL all but its password."""
    if value and isinstance(Settings.model_fields[name].default, SecretStr):
        return "(set)"
    return re.sub(r"(?<=://)([^:/@]*):.*@", r"\1:…@", value)


# Defaults that depend on where momus is started are shown as they are meant, not as they are here.
_COMPUTED_DEFAULTS = {"database": "chdb://./momus-data/database", "spool": "./momus-data/spool"}


def _default_text(name: str) -> str:
    if name in _COMPUTED_DEFAULTS:
        return _COMPUTED_DEFAULTS[name]
    default = Settings.model_fields[name].default
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return "" if default is None else str(default)


def _in_one_sentence(error: ValidationError) -> str:
    """Name the variables that are wrong and why; values stay out, one of them may be a key."""
    faults = (f"MOMUS_{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors())
    return f"{'; '.join(faults)}. `momus settings` lists all settings with their meaning."
