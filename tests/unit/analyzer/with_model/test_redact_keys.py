"""Keys and tokens are known by their form in two places, which must not come to differ.

The collector takes out for good and works on bytes with RE2; what a model is shown can be put back, so more may pass for a
key there, and Python's expressions serve. Neither list can stand for the other: this holds them together.
"""

from pathlib import Path

import pytest

from analyzer.with_model.redact import Redactor
from collector_plugin.redaction.rules import Rules, read_rules
from collector_plugin.redaction.text import Redaction

SECRETS = (
    "sk-proj-abcdefghijklmnop1234",
    "sk-abcdefghijklmnop1234",
    "sk_live_abcdefghij1234567",
    "rk_test_abcdefghij1234567",
    "ghp_abcdefghijklmnopqrst123456",
    "github_pat_abcdefghijklmnopqrst",
    "glpat-abcdefghijklmnop",
    "npm_abcdefghijklmnopqrstuvwxyz1234",
    "AKIAABCDEFGHIJKLMNOP",
    "AIzaabcdefghijklmnopqrstuvwxyz1234",
    "xoxb-abcdefghij",
    "hf_abcdefghijklmnopqrstuvwxyz1234",
    "Bearer abcdefghijklmnop1234",
    "Basic YWxhZGRpbjpvcGVuc2VzYW1l",
    "BEARER abcdefghijklmnop1234",
    "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOY\n-----END PGP PRIVATE KEY BLOCK-----",
)
WORDS = ("basic responsibilities", "Basic Internationalization", "BASIC AUTHENTICATION-SCHEME", "the bearer of news")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    path: Path = tmp_path_factory.mktemp("rules") / "redaction.toml"
    path.write_text('builtin = ["bearer", "api_key", "jwt", "private_key"]', "utf-8")
    return read_rules(path)


@pytest.mark.parametrize("secret", SECRETS)
def test_what_the_collector_takes_out_no_model_is_shown(rules: Rules, secret: str) -> None:
    """Each is found whole in both places."""
    assert Redaction(rules).text(f"it is {secret} here").startswith("it is [redacted:")
    assert secret[-8:] not in Redaction(rules).text(f"it is {secret} here")
    assert Redactor().hide(f"it is {secret} here") == "it is <key-1> here"


@pytest.mark.parametrize("words", WORDS)
def test_long_words_behind_the_name_of_a_scheme_stay(rules: Rules, words: str) -> None:
    """What the collector takes out is gone for good, so words must not pass for credentials."""
    assert Redaction(rules).text(words) == words
    assert Redactor().hide(words) == words
