"""Settings are read once, checked, and told in words."""

from pathlib import Path

import pytest

from schemas import settings
from schemas.errors import SettingsError


def test_the_defaults_work_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any variable everything lies in ./momus-data and listens on loopback."""
    monkeypatch.chdir(tmp_path)
    defaults = settings.load()
    assert defaults.database == f"chdb://{tmp_path}/momus-data/database"
    assert defaults.spool == tmp_path / "momus-data/spool"
    for address in (defaults.grpc_address, defaults.http_address, defaults.clickhouse_address):
        assert address.startswith("127.0.0.1:")


def test_variables_win_over_defaults_and_arguments_over_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable counts as not set."""
    monkeypatch.setenv("MOMUS_QUIET_S", "5")
    monkeypatch.setenv("MOMUS_SEGMENT_AGE_S", "")
    assert settings.load().quiet_s == 5
    assert settings.load(quiet_s=7).quiet_s == 7
    assert settings.load().segment_age_s == 1


@pytest.mark.parametrize(
    ("name", "value"), [("QUIET_S", "soon"), ("SPOOL_LIMIT_BYTES", "-1"), ("REQUEST_LIMIT_BYTES", "0")]
)
def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The error names the variable and where to read more."""
    monkeypatch.setenv(f"MOMUS_{name}", value)
    with pytest.raises(SettingsError, match=f"MOMUS_{name}: .*momus settings"):
        settings.load()


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"model_name": "small"}, "MOMUS_MODEL_URL"),
        ({"embedding_model": "small"}, "MOMUS_MODEL_URL"),
        ({"model_url": "http://127.0.0.1:1/v1"}, "MOMUS_MODEL_NAME"),
    ],
)
def test_half_a_model_is_refused(given: dict[str, str], missing: str) -> None:
    """Nothing would be asked, and nobody told; an embedding model alone is whole."""
    with pytest.raises(SettingsError, match=f"{missing} is not"):
        settings.load(**given)
    assert not settings.load(embedding_model="small", model_url="http://127.0.0.1:1/v1").has_model


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the model key nor the database password shows when settings are logged."""
    monkeypatch.setenv("MOMUS_MODEL_KEY", "key-1")
    monkeypatch.setenv("MOMUS_DATABASE", "clickhouse://user:word-2@host:8123/momus")
    printed = repr(settings.load())
    assert "key-1" not in printed
    assert "word-2" not in printed


def test_the_table_shows_what_the_environment_says_but_no_secret() -> None:
    """Beside the default; of a key that it is set, of an address with a password all but the password."""
    said = {
        "MOMUS_QUIET_S": "5", "MOMUS_KEYS": "acme:secret-1", "momus_database": "clickhouse://me:sec/r@et-2@host:8123/db",
        "MOMUS_MODEL_URL": "https://host:8080/v1", "MOMUS_MODEL_KEY": "",
    }  # fmt: skip
    given = {line.variable: line.given for line in settings.table(said) if line.given}
    assert given == {
        "MOMUS_QUIET_S": "5", "MOMUS_KEYS": "(set)", "MOMUS_DATABASE": "clickhouse://me:…@host:8123/db",
        "MOMUS_MODEL_URL": "https://host:8080/v1",
    }  # fmt: skip


def test_every_setting_is_explained() -> None:
    """The table has one line a setting, in order, each with its variable and one sentence."""
    lines = settings.table()
    assert [line.name for line in lines] == list(settings.Settings.model_fields)
    for line in lines:
        assert line.variable == f"MOMUS_{line.name.upper()}"
        assert line.description.endswith(".")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("MOMUS_SPOL", "MOMUS_SPOL is no setting; perhaps MOMUS_SPOOL is meant."),
        ("momus_http_adress", "MOMUS_HTTP_ADRESS is no setting; perhaps MOMUS_HTTP_ADDRESS is meant."),
        ("MOMUS_QQQQQQ", "MOMUS_QQQQQQ is no setting. `momus settings`"),
    ],
)
def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    """It would be ignored without a word; the nearest setting is named, the value is not."""
    monkeypatch.setenv(name, "word-3")
    with pytest.raises(SettingsError, match=f"^{said}") as refused:
        settings.load()
    assert "word-3" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["MOMUS_SERVICE_HOST", "MOMUS_SERVICE_PORT_GRPC", "MOMUS_PORT", "MOMUS_PORT_4318_TCP_ADDR", "MOMUSX"]
)
def test_the_variables_of_others_are_no_business_of_ours(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Kubernetes tells every pod of a service called momus by variables that begin as ours do."""
    monkeypatch.setenv(name, "tcp://10.0.0.1:4318")
    settings.load()
