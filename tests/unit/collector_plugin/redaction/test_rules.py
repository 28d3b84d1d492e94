"""A redaction file that cannot be used is told in one sentence before anything is received."""

from pathlib import Path

import pytest

from collector_plugin.redaction.rules import read_rules
from schemas.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("builtin = [", "is not TOML"),
        ("", "names nothing to take out"),
        ('builtin = ["mail"]', "there are email, iban"),
        ('bultin = ["email"]', "is wrong in bultin"),
        ("builtin = [1]", "is wrong in builtin.0"),
        ('pseudonym_key = "short"\nbuiltin = ["email"]', "is wrong in pseudonym_key"),
        ('[[pattern]]\nname = "a"\nregex = "("', "'a' that RE2 does not take: missing )"),
        ('[[pattern]]\nname = "a"\nregex = "(?=b)"', "that RE2 does not take"),
        ('[[pattern]]\nname = "a"\nregex = "b*"', "finds even the empty text"),
        ('[[pattern]]\nname = "A b"\nregex = "b"', "is wrong in pattern.0.name"),
        ('[[pattern]]\nregex = "b"', "is wrong in pattern.0.name"),
        ('builtin = ["email"]\n[[pattern]]\nname = "email"\nregex = "b"', "two rules called 'email'"),
        ('[[pattern]]\nname = "key"\nregex = "b"', "two rules called 'key'"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, why: str) -> None:
    """Never with a pseudonym key in it, and never only later."""
    path = tmp_path / "redaction.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_rules(path)
    message = str(caught.value)
    assert why in message
    assert message.startswith(f"MOMUS_REDACTION_FILE {path} ")
    assert message.endswith(".")
    assert "\n" not in message
    assert "short" not in message


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """Without it everything would be stored."""
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_rules(tmp_path / "none.toml")


def test_keys_are_globs_in_any_case(tmp_path: Path) -> None:
    """Of the whole key; every other character stands for itself."""
    path = tmp_path / "redaction.toml"
    path.write_text('keys = ["http.request.header.*", "pass?", "a+[b]"]')
    rules = read_rules(path)
    assert all(map(rules.drops, ["HTTP.Request.Header.Cookie", "passé", "A+[b]"]))
    assert not any(
        map(rules.drops, ["http.request.headers", "httpXrequest.header.x", "pass", "a compass1", "aa[b]", "a+b"])
    )
