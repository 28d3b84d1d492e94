"""A key says who sends and for which tenant; nothing ever shows one."""

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector_plugin.receivers.keys import KEY_LIMIT_CHARS, Keys, keys_of, plain_key
from schemas import settings
from schemas.errors import SettingsError, Unauthenticated

KEYS = Keys([("key-of-shop", "shop"), ("second-of-shop", "shop"), ("key-of-bank", "bank"), ("key-of-nobody", "")])


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@pytest.mark.parametrize(
    ("headers", "tenant"),
    [
        ({"x-api-key": "key-of-shop"}, "shop"),
        ({"x-api-key": " second-of-shop "}, "shop"),
        ({"authorization": "Bearer key-of-bank"}, "bank"),
        ({"authorization": "bearer  key-of-bank "}, "bank"),
        ({"authorization": basic("pk-1", "key-of-bank")}, "bank"),
        ({"x-api-key": "key-of-nobody"}, ""),
        ({"x-api-key": "key-of-shop", "authorization": "Bearer key-of-bank"}, "shop"),
    ],
)
def test_a_key_names_its_tenant(headers: dict[str, str], tenant: str) -> None:
    """However it is sent; x-api-key is looked at first."""
    assert KEYS.tenant(headers) == tenant


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": ""},
        {"x-api-key": "key-of-sho"},
        {"x-api-key": "key-of-shop2"},
        {"x-api-key": "shop"},
        {"x-api-key": hashlib.sha256(b"key-of-shop").hexdigest()},
        {"x-api-key": f"sha256:{hashlib.sha256(b'key-of-shop').hexdigest()}"},
        {"x-api-key": "wrong", "authorization": "Bearer key-of-shop"},
        {"authorization": "key-of-shop"},
        {"authorization": "Digest key-of-shop"},
        {"authorization": "Bearer"},
        {"authorization": basic("key-of-shop", "")},
        {"authorization": "Basic !!"},
        {"authorization": "Basic c2hvcA=="},
    ],
)
def test_anything_else_is_refused(headers: dict[str, str]) -> None:
    """The hash of a key is no key, nor is one that begins like it."""
    with pytest.raises(Unauthenticated):
        KEYS.tenant(headers)


@given(st.dictionaries(st.sampled_from(["x-api-key", "authorization"]), st.text()))
def test_whatever_is_sent_is_refused_and_no_fault(headers: dict[str, str]) -> None:
    """Also text that cannot be encoded."""
    with pytest.raises(Unauthenticated):
        KEYS.tenant(headers)


def test_without_keys_everybody_sends_for_the_tenant_without_a_name() -> None:
    """A key that is sent all the same is not looked at."""
    assert not Keys()
    assert Keys().tenant({"x-api-key": "any"}) == ""


def test_keys_come_from_the_variable_and_the_file(tmp_path: Path) -> None:
    """The file may hold hashes only; one tenant may have several keys, and a key may contain colons."""
    file = tmp_path / "keys.toml"
    hash_ = hashlib.sha256(b"unwritten").hexdigest().upper()
    file.write_text(f'"in-file" = "bank"\n"sha256:{hash_}" = "airline"\n')
    chosen = settings.load(keys="shop:a:b, shop:c,:d", keys_file=file)
    keys = keys_of(chosen)
    found = {key: keys.tenant({"x-api-key": key}) for key in ("a:b", "c", "d", "in-file", "unwritten")}
    assert found == {"a:b": "shop", "c": "shop", "d": "", "in-file": "bank", "unwritten": "airline"}
    assert keys.tenants == {"shop", "", "bank", "airline"}


def test_a_key_to_send_is_one_that_is_known_in_plain(tmp_path: Path) -> None:
    """Of a hash nobody knows the key."""
    file = tmp_path / "keys.toml"
    file.write_text(f'"sha256:{"0" * 64}" = "airline"\n')
    assert plain_key(settings.load(keys_file=file)) == ""
    assert plain_key(settings.load(keys_file=file, keys="shop:secret")) == "secret"


@pytest.mark.parametrize(
    "listed", ["secret", "shop:", "shop:two words", "shop:schlüssel", f"shop:{'x' * (KEY_LIMIT_CHARS + 1)}", "a\x00:secret"]
)  # fmt: skip
def test_what_cannot_be_a_key_is_told_at_the_start(listed: str) -> None:
    """Without showing it: the message goes to a log."""
    with pytest.raises(SettingsError) as refused:
        keys_of(settings.load(keys=listed))
    assert (listed.partition(":")[2] or "secret") not in str(refused.value)


def test_one_key_has_one_tenant() -> None:
    """Else which one would depend on their order."""
    with pytest.raises(SettingsError, match="two tenants"):
        Keys([("same", "shop"), ("same", "bank")])
    assert Keys([("same", "shop"), ("same", "shop")])


def test_a_hash_that_is_none_is_no_key() -> None:
    """One digit short, it would otherwise let in whoever reads the file."""
    with pytest.raises(SettingsError, match="64 hex digits"):
        Keys([(f"sha256:{'0' * 63}", "shop")])


@pytest.mark.parametrize(
    "content", ["", "# none yet", "not toml secret", '"secret" = 1', '[secret]\na = "b"', '"secret" = "a']
)
def test_a_file_without_keys_is_an_error(tmp_path: Path, content: str) -> None:
    """An empty file must not open the door, and the message must not quote the file."""
    file = tmp_path / "keys.toml"
    file.write_text(content)
    with pytest.raises(SettingsError, match="MOMUS_KEYS_FILE") as refused:
        keys_of(settings.load(keys_file=file))
    assert "secret" not in str(refused.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(SettingsError, match="absent"):
        keys_of(settings.load(keys_file=tmp_path / "absent"))


def test_keys_are_not_shown() -> None:
    """Neither by the settings nor by what holds them, which has only hashes."""
    chosen = settings.load(keys="shop:secret-key")
    keys = keys_of(chosen)
    assert "secret-key" not in f"{chosen!r} {keys!r} {vars(keys)!r}"
