"""Names that a conversation tells to be names are hidden wherever they are said, and nothing else is."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from analyzer.with_model.names import names_in
from analyzer.with_model.read import read_conversation
from analyzer.with_model.reading import ReadingSetup
from analyzer.with_model.redact import Redactor
from schemas.records import Conversation

Talk = Callable[..., Conversation]


def hidden(conversation: Conversation, text: str) -> str:
    """A text as a model is shown it."""
    return Redactor(names=names_in(conversation)).hide(text)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Hello, my name is Ada King-Noel and I need help.", "Ada King-Noel"),
        ("This is Ravi Kumar speaking.", "Ravi Kumar"),
        ("Guten Tag, mein Name ist Jürgen von der Lippe, ich brauche Hilfe.", "Jürgen von der Lippe"),
        ("Ich heiße Zoë.", "Zoë"),
        ("Bonjour, je m'appelle Hélène d'Arc-Dubois.", "Hélène"),
        ("Hola, me llamo María de la Cruz y quiero cambiar mi vuelo.", "María de la Cruz"),
        ("Oi, meu nome é João da Silva.", "João da Silva"),
        ("Mi chiamo Giulia Rossi.", "Giulia Rossi"),
        ("Hallo, ik heet Sanne de Vries.", "Sanne de Vries"),
        ("Dzień dobry, nazywam się Łukasz Żak.", "Łukasz Żak"),
        ("Здравствуйте, меня зовут Анна Иванова.", "Анна Иванова"),
        ("Merhaba, benim adım Ayşe Yılmaz.", "Ayşe Yılmaz"),
        ("Hej, jag heter Åsa Öberg.", "Åsa Öberg"),
        ("私の名前は田中太郎です。予約を変えたいです。", "田中太郎"),
        ("田中花子と申します。", "田中花子"),
        ("你好，我叫王小明，我想退票。", "王小明"),
        ("안녕하세요, 제 이름은 김철수입니다.", "김철수"),
        ("नमस्ते, मेरा नाम राहुल शर्मा है।", "राहुल शर्मा"),
        ("مرحبا، اسمي فاطمة وأريد المساعدة", "فاطمة"),
    ],
)
def test_who_gives_their_name_is_hidden_from_then_on(talk: Talk, said: str, name: str) -> None:
    """In whichever language it was told, and in every later text."""
    conversation = talk(("user", said), ("assistant", "Hello."))
    assert name not in hidden(conversation, said)
    assert hidden(conversation, f"({name})") == "(<name-1>)"


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ({"first_name": "Sophia", "last_name": "Taylor", "city": "Paris"}, "<name-1> of Paris: <name-2>, <name-3>_9065"),
        ({"customerName": "Sophia Taylor", "product": "Paris"}, "<name-1> of Paris: <name-2>, <name-3>_9065"),
        ({"patient": [{"name": {"family": "Taylor", "given": ["Sophia"]}}]}, "<name-1> of Paris: <name-2>, <name-3>_9065"),
        ({"name": "Sophia Taylor", "dob": "1990-01-01"}, "<name-1> of Paris: <name-2>, <name-3>_9065"),
    ],
)  # fmt: skip
def test_a_name_in_a_record_is_hidden_in_prose_and_in_ids(talk: Talk, record: dict[str, Any], shown: str) -> None:
    """Whole, by its parts, and joined by underscores; a city stays."""
    conversation = talk(("user", "Who?"), ("call", "get_user", "{}", json.dumps(record)))
    assert hidden(conversation, "Sophia Taylor of Paris: Sophia, sophia_taylor_9065") == shown


def test_an_argument_tells_a_name_too(talk: Talk) -> None:
    """What the agent passes on as a name is one, though no result repeats it."""
    conversation = talk(("user", "Book it."), ("call", "book", '{"passenger_name": "Omar Haddad"}', "booked"))
    assert hidden(conversation, "for Omar Haddad, Omar's seat") == "for <name-1>, <name-2>'s seat"


@pytest.mark.parametrize("answer", ["It's Anita Desai, and I am in a hurry.", "Anita Desai", "Sure! Anita Desai."])
def test_the_answer_to_the_question_for_a_name_is_one(talk: Talk, answer: str) -> None:
    """Where the agent asked for it."""
    conversation = talk(("user", "Hi"), ("assistant", "May I have your name, please?"), ("user", answer))
    assert "Anita" not in hidden(conversation, answer)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (("call", "find", "{}", '{"name": "Blue Kettle", "price": 30}'), "the Blue Kettle"),
        (("call", "find", "{}", '{"airport": {"name": "Charles Nolan", "city": "Rome"}}'), "Charles Nolan in Rome"),
        (("user", "My name is on the list already. I need it by May."), "My name is on the list by May"),
        (("user", "This is Terrible and I want my money back."), "This is Terrible"),
        (("call", "get", "{}", '{"first_name": "May", "last_name": "Unknown"}'), "In May it was Unknown"),
        (("call", "get", "{}", '{"user_name": "item 4711/b", "first_name": null}'), "item 4711/b"),
    ],
)
def test_what_is_not_told_to_be_a_person_stays(talk: Talk, line: tuple[str, ...], text: str) -> None:
    """Products, places and months are needed to see what went wrong."""
    assert hidden(talk(("user", "Hello."), line), text) == text


def test_names_come_back_into_quotes_and_leave_no_question(talk: Talk, scripted: Any, said: Any, claimed: Any) -> None:
    """No question holds the name; the quote that is stored is verbatim, and what the model writes itself names nobody."""
    conversation = talk(("user", "My name is Ada King. Compare two invoices."), ("assistant", "I cannot, Ada."))
    model = scripted(lambda question: said(claimed("m1", "I cannot, <name-2>."), summary="Ada King was refused."))
    reading = read_conversation(model, conversation, [], ReadingSetup())
    assert [user for _, _, user in model.asked if "Ada" in user] == []
    assert [finding.quote for finding in reading.findings] == ["I cannot, Ada."]
    assert reading.summary.text == "[name] was refused."


def test_where_nothing_is_to_be_hidden_names_stay(talk: Talk, scripted: Any, said: Any) -> None:
    """A team that runs its own model may show it everything."""
    model = scripted(lambda question: said())
    read_conversation(
        model, talk(("user", "My name is Ada King."), ("assistant", "Hi.")), [], ReadingSetup(redacts=False)
    )
    assert "Ada King" in model.questions("Read")[0]


@pytest.mark.parametrize("part", ["my name is A", "Aa ", "this is A a", "first name: x", '{"first_name": "', "我叫"])
def test_looking_for_names_takes_time_in_proportion_to_the_text(talk: Talk, part: str) -> None:
    """Whatever strangers write."""
    text = part * (60_000 // len(part))
    started = time.process_time()
    names_in(talk(*[("user", text), ("call", "get", text, text)] * 5))
    assert time.process_time() - started < 5
