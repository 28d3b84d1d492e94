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


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the model key nor the database password shows when settings are logged."""
    monkeypatch.setenv("MOMUS_MODEL_KEY", "key-1")
    monkeypatch.setenv("MOMUS_DATABASE", "clickhouse://user:word-2@host:8123/momus")
    printed = repr(settings.load())
    assert "key-1" not in printed
    assert "word-2" not in printed


def test_every_setting_is_explained() -> None:
    """The table has one line a setting, in order, each with its variable and one sentence."""
    lines = settings.table()
    assert [line.name for line in lines] == list(settings.Settings.model_fields)
    for line in lines:
        assert line.variable == f"MOMUS_{line.name.upper()}"
        assert line.description.endswith(".")


def test_a_misspelt_variable_is_named_with_what_was_perhaps_meant() -> None:
    """It would be ignored without a word; others' variables are no business of ours."""
    (said,) = settings.misspelt(["MOMUS_SPOL", "MOMUS_SPOOL", "HOME", "MOMUSX"])
    assert said == "MOMUS_SPOL is no setting and is ignored. Perhaps MOMUS_SPOOL is meant."
    assert settings.misspelt(["MOMUS_QQQQQQ"]) == ["MOMUS_QQQQQQ is no setting and is ignored."]
