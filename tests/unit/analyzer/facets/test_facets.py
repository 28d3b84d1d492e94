"""Facets: read from a file, answered by code or a model, stored with their types, told with intervals."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.facets.answers import FacetAnswer, facet_rows
from analyzer.facets.definitions import FacetDefinition, read_definitions
from analyzer.facets.measured import RESERVED, measured, unanswered
from analyzer.result_rows import Stamp, conversation_row, finding_rows
from analyzer.summarise import summarise
from momus.facets import list_demand, list_facets
from momus.reading_setup import reading_setup
from schemas import settings
from schemas.database import Database
from schemas.errors import SettingsError
from schemas.families import Finding
from schemas.records import Conversation, Feedback, SpanException

Talk = Callable[..., Conversation]
GOOD = """
[[facet]]
name = "upgrade_offered"
question = "Did the agent offer an upgrade?"
type = "bool"

[[facet]]
name = "channel"
question = "Where does the user write from?"
type = "choice"
choices = ["web", "phone"]
"""


@pytest.fixture
def facets_file(tmp_path: Path) -> Path:
    """A file with two questions."""
    path = tmp_path / "facets.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_a_file_gives_the_questions_in_its_order(facets_file: Path) -> None:
    """With their types and choices."""
    assert read_definitions(facets_file, reserved=RESERVED) == (
        FacetDefinition("upgrade_offered", "Did the agent offer an upgrade?", "bool"),
        FacetDefinition("channel", "Where does the user write from?", "choice", ("web", "phone")),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[facet]", "cannot be read"),
        (GOOD.replace("bool", "scale"), "facet 1, type"),
        (GOOD.replace('["web", "phone"]', '["web"]'), "at least two different"),
        (GOOD.replace("upgrade_offered", "Upgrade offered?"), "facet 1, name: small letters"),
        (GOOD.replace("channel", "turns"), "names turns twice"),
        (GOOD + GOOD, "names channel twice"),
        (GOOD.replace("question", "qestion", 1), "facet 1"),
        (GOOD.replace("bool", "scale").replace("channel", "Channel"), "facet 1, type.*; facet 2, name"),
    ],
)
def test_a_mistake_in_the_file_is_told_in_one_sentence(facets_file: Path, text: str, why: str) -> None:
    """Naming the file and the place."""
    facets_file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=why) as caught:
        read_definitions(facets_file, reserved=RESERVED)
    assert str(facets_file) in str(caught.value)
    assert "\n" not in str(caught.value).strip()


def test_the_settings_name_the_files_of_a_setup(facets_file: Path, tmp_path: Path) -> None:
    """Facets, card and summary prompt come from files; one that is missing or empty is told."""
    card = tmp_path / "card.txt"
    card.write_text("An agent for invoices.\n", encoding="utf-8")
    setup = reading_setup(settings.load(facets_file=facets_file, agent_card_file=card, summary_prompt_file=card))
    assert (len(setup.facets), setup.card, setup.summary_prompt) == (
        2,
        "An agent for invoices.",
        "An agent for invoices.",
    )
    card.write_text(" ", encoding="utf-8")
    with pytest.raises(SettingsError, match="must hold"):
        reading_setup(settings.load(agent_card_file=card))
    with pytest.raises(SettingsError, match="cannot be read"):
        reading_setup(settings.load(agent_card_file=tmp_path / "none"))


def test_code_measures_what_it_can_and_tells_unknown_from_nothing(talk: Talk) -> None:
    """Counts are numbers; tokens, cost and feedback that nobody sent are None."""
    base = talk(("user", "Find it."), ("call", "find", "{}", "[]"), ("call", "find", "{}", "[]"), ("assistant", "No."))
    calls = (base.tool_calls[0], replace(base.tool_calls[1], status="error"))
    failures = (SpanException(calls[1].trace_id, calls[1].span_id, 1, "E"), SpanException("x", "y", 1, "E"))
    rated = (Feedback(1, "thumbs", score=1.0, label="up"), Feedback(2, "thumbs", score=0.0))
    conversation = replace(
        base, tool_calls=calls, exceptions=failures, feedback=rated, input_tokens=120, models=("m1", "m2")
    )
    told = {answer.name: answer.value for answer in measured(conversation)}
    assert {name: told[name] for name in ("turns", "tool_calls", "errors", "retries", "input_tokens", "feedback_score")} == {
        "turns": 1.0, "tool_calls": 2.0, "errors": 2.0, "retries": 1.0, "input_tokens": 120.0, "feedback_score": 0.5,
    }  # fmt: skip
    assert (told["models"], told["feedback_label"]) == ("m1, m2", "up")
    assert (told["output_tokens"], told["cost_usd"], told["duration_s"], told["service_version"]) == (None,) * 4


def test_without_a_model_its_facets_are_unanswered() -> None:
    """Each is there, as None, by nobody."""
    answers = unanswered((FacetDefinition("channel", "Where from?", "choice", ("a", "b")),))
    assert FacetAnswer("channel", "choice", None, "") in answers
    assert all(answer.value is None and answer.by == "" for answer in answers)


def test_the_language_is_guessed_where_no_model_tells_it() -> None:
    """The one question of a model's that code can answer, and says that it did."""
    told = {answer.name: (answer.value, answer.by) for answer in unanswered((), "de")}
    assert (told["user_language"], told["task"]) == (("de", "code"), (None, ""))


@pytest.fixture
def stored(database: Database, talk: Talk) -> Database:
    """Ten conversations of five users: three with an upgrade, five without, two that do not tell; data was missing in four."""
    base = talk(("user", "Find the figures of 2023 for Ada."), ("assistant", "Nothing found."), user_id="")
    for number in range(10):
        conversation = replace(base, id=f"c{number}", user_id=f"u{number % 5}", start_ns=number + 1)
        stamp = Stamp("run", 1)
        offered = None if number >= 8 else number < 3
        answers = [
            FacetAnswer("upgrade_offered", "bool", offered, "m"),
            FacetAnswer("channel", "choice", "web" if number < 6 else "phone", "m"),
            FacetAnswer("turns", "number", float(number)),
        ]
        wish = "figures of 2023" if number < 3 else "figures of 2024"
        missing = Finding("missing_inventory", "content_absent", "No figures", "Nothing found", "message", f"{1:032x}", f"{1:016x}",
                          "model", "high", message_index=1, turn=1, requested_object=wish, model="m")  # fmt: skip
        found = [missing] if number < 4 else []
        database.insert("facet_log", facet_rows(conversation, answers, stamp.columns), token=f"f{number}")
        database.insert("finding_log", finding_rows(conversation, found, stamp), token=f"g{number}")
        row = conversation_row(conversation, summarise(conversation, found), f"h{number}", stamp)
        database.insert("conversation_log", [row], token=f"c{number}")
    return database


def test_a_teams_question_is_answered_by_sql(stored: Database) -> None:
    """Did the agent offer an upgrade? Yes, no, and not told, each with its type."""
    sql = "SELECT bool_value, count() AS n FROM facets WHERE name = 'upgrade_offered' GROUP BY bool_value ORDER BY n"
    assert stored.query(sql) == [
        {"bool_value": None, "n": 2}, {"bool_value": True, "n": 3}, {"bool_value": False, "n": 5},
    ]  # fmt: skip


def test_facets_are_told_as_shares_of_those_that_tell(stored: Database) -> None:
    """With a 95 % interval; numbers by their quantiles."""
    channel, turns, upgrade = list_facets(stored)
    assert (upgrade.told_count, upgrade.conversation_count) == (8, 10)
    yes, no = upgrade.answers
    assert (yes.value, yes.conversation_count, yes.share.value) == ("yes", 3, 3 / 8)
    assert (round(yes.share.low, 3), round(yes.share.high, 3)) == (0.137, 0.694)
    assert (no.value, no.conversation_count) == ("no", 5)
    assert [(answer.value, answer.conversation_count) for answer in channel.answers] == [("web", 6), ("phone", 4)]
    assert (turns.median, turns.total) == (4.5, 45.0)
    assert [facet.name for facet in list_facets(stored, name="channel")] == ["channel"]
    assert list_facets(stored, tenant="nobody") == []


def test_facets_of_a_former_analysis_are_gone(stored: Database, talk: Talk) -> None:
    """A question that is no longer asked has no answers in the view once the conversation is analysed again."""
    conversation = replace(talk(("user", "Hi"), ("assistant", "Hi")), id="c0")
    stored.insert(
        "facet_log", facet_rows(conversation, [FacetAnswer("turns", "number", 1.0)], Stamp("r2", 2).columns), token="n"
    )
    row = conversation_row(conversation, summarise(conversation, []), "h", Stamp("r2", 2))
    stored.insert("conversation_log", [row], token="m")
    rows = stored.query("SELECT name FROM facets WHERE conversation_id = 'c0'")
    assert rows == [{"name": "turns"}]


def test_missing_data_is_counted_by_what_was_asked_for(stored: Database) -> None:
    """However it is worded, but years are told apart; with users and the last quote."""
    demand = list_demand(stored)
    assert [(row["requested_object"], row["ask_count"], row["user_count"]) for row in demand] == [
        ("figures of 2023", 3, 3), ("figures of 2024", 1, 1),
    ]  # fmt: skip
    assert demand[0]["last_quote"] == "Nothing found"
