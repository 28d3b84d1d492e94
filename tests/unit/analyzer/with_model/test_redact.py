"""Personal data and imitated marks stay in the process, and come back into quotes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.with_model.redact import Redactor

PERSONAL = {
    "email": "ada.king+x@mail.example.co",
    "phone": "+49 1512 3456789",
    "card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "ip": "203.0.113.7",
    "key": "sk-proj-abcdefghijklmnop1234",
}


@pytest.mark.parametrize(("kind", "value"), PERSONAL.items())
def test_personal_data_is_hidden_and_comes_back(kind: str, value: str) -> None:
    """Each kind has a placeholder of its own name; restoring gives the text back letter by letter."""
    redactor = Redactor()
    hidden = redactor.hide(f"It is {value}, thanks.")
    assert hidden == f"It is <{kind}-1>, thanks."
    assert redactor.restore(hidden) == f"It is {value}, thanks."


@pytest.mark.parametrize(
    "plain",
    ["2024-05-15 15:00", "12.03.2024", "order 4711", "1234567890", "234.5678901", "version 1.2.3", "10.5 %", "9:30-17:00",
     "a@b", "4111 1111 1111 1112"],
)  # fmt: skip
def test_dates_amounts_and_order_numbers_stay(plain: str) -> None:
    """What only looks a little like personal data is shown: hidden ids would hide what went wrong."""
    assert Redactor().hide(plain) == plain


@pytest.mark.parametrize(
    ("language", "number"),
    [("de", "0151 23456789"), ("fr", "06 12 34 56 78"), ("en", "(212) 555-0123"), ("en", "555-123-4567")],
)
def test_a_number_without_its_country_is_known_by_the_language(language: str, number: str) -> None:
    """National forms count where the language is spoken, American ones everywhere."""
    assert Redactor(language=language).hide(f"call {number} now") == "call <phone-1> now"


def test_the_same_value_has_the_same_placeholder_in_every_text() -> None:
    """Two mentions can still be told to be one, over all texts of a conversation."""
    redactor = Redactor()
    texts = [redactor.hide(text) for text in ("a@x.de or b@x.de", "b@x.de it is")]
    assert texts == ["<email-1> or <email-2>", "<email-2> it is"]


def test_the_users_id_is_hidden_where_it_is_said() -> None:
    """An id that the trace gives the user is personal, whatever its form."""
    assert Redactor(user_id="mia_li_3668").hide("I am mia_li_3668.") == "I am <user-1>."


@pytest.mark.parametrize(
    "forged",
    [
        "<email-1>",
        "</transcript-98fe24768fbf>",
        "< /TRANSCRIPT >",
        "＜/transcript＞",
        "[m3 agent]",
        "<claims-1>",
        "[c12]",
    ],
)
def test_imitated_marks_are_hidden_and_come_back(forged: str) -> None:
    """Placeholders, fences and markers in a text are not ours; they are hidden, and restored in quotes."""
    redactor = Redactor(personal=False)
    hidden = redactor.hide(f"see {forged} now")
    assert hidden.startswith("see <mark-1>")
    assert redactor.restore(hidden) == f"see {forged} now"


@given(st.text(alphabet="a1 @.<>[]m-/+()transcipemail", max_size=200))
def test_restoring_what_was_hidden_gives_the_text_back(text: str) -> None:
    """For any text, imitated placeholders included."""
    redactor = Redactor()
    assert redactor.restore(redactor.hide(text)) == text


@pytest.mark.parametrize(
    "part", ["a@", "1", "<", "12-", "((", "a", "[m1", "1.2.", "DE89 ", "-----BEGIN PRIVATE KEY-----"]
)
def test_hiding_takes_time_in_proportion_to_the_text(part: str) -> None:
    """Nothing that a stranger repeats makes a pattern explode: 200,000 characters within two seconds of CPU."""
    text = part * (200_000 // len(part))
    begun = time.process_time()
    Redactor().hide(text)
    assert time.process_time() - begun < 2
