"""A setting that cannot be used is told before anything is opened, taken or written."""

from pathlib import Path
from typing import Any

import pytest

from momus.server import Server
from schemas.errors import SettingsError
from schemas.settings import load


@pytest.mark.parametrize(
    ("wrong", "variable"),
    [
        ({"keys": "no-colon"}, "MOMUS_KEYS"),
        ({"keys_file": "no-such.toml"}, "MOMUS_KEYS_FILE"),
        ({"tls_certificate": "no-such.pem"}, "MOMUS_TLS_KEY"),
        ({"tls_certificate": "no-such.pem", "tls_key": "no-such.pem"}, "MOMUS_TLS_CERTIFICATE"),
        ({"redaction_file": "no-such.toml"}, "MOMUS_REDACTION_FILE"),
        ({"http_address": "localhost"}, "MOMUS_HTTP_ADDRESS"),
        ({"grpc_address": "0.0.0.0:0"}, "MOMUS_GRPC_ADDRESS"),
        ({"clickhouse_address": "127.0.0.1:99999"}, "MOMUS_CLICKHOUSE_ADDRESS"),
        ({"model_url": "localhost:8000/v1"}, "MOMUS_MODEL_URL"),
    ],
)
def test_a_wrong_setting_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], variable: str
) -> None:
    """No database, no spool, no lock: the folder is as empty as before, and the message names the variable."""
    monkeypatch.chdir(tmp_path)
    free = dict.fromkeys(("http_address", "grpc_address", "clickhouse_address"), "127.0.0.1:0")
    with pytest.raises(SettingsError, match=variable):
        Server(
            load(**{**free, "database": f"chdb://{tmp_path}/database", "spool": tmp_path / "spool", **wrong}),
            analyses=True,
        )
    assert list(tmp_path.iterdir()) == []
