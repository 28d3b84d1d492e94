"""Inputs and outputs of any kind: what was said in them, asked with them, found by them."""

import json
from typing import Any

import pytest

from collector_plugin.reading.function_io import arguments, documents, is_cut, query, read_payload, said

TALK = [
    ([[{"content": "be kind", "type": "system"}, {"content": "hi", "type": "human"}]], ["system: be kind", "user: hi"]),
    ({"messages": [["user", "hi"], ["ai", "hello"]]}, ["user: hi", "assistant: hello"]),
    ({"model": "m", "system": "be kind", "messages": [{"role": "user", "content": "hi"}]}, ["system: be kind", "user: hi"]),
    ({"model": "m", "instructions": "be kind", "input": "hi"}, ["system: be kind", "user: hi"]),
    ({"model": "m", "contents": [{"role": "user", "parts": [{"text": "hi"}]}]}, ["user: hi"]),
    ({"args": ["hi"], "kwargs": {"session_id": "s-1"}}, ["user: hi"]),
    ({"session_id": "s-1", "wish": "hi"}, ["user: hi"]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), TALK)
def test_what_a_person_said_is_found_in_requests_and_in_arguments(value: Any, expected: list[str]) -> None:
    """LangChain's, OpenAI's, Anthropic's and Gemini's requests, and a function's arguments."""
    assert [
        f"{message.role}: {message.content}" for message in said(read_payload(json.dumps(value)), "user")
    ] == expected


def test_an_identifier_is_not_taken_for_speech() -> None:
    """A call with ids and a model's name only says nothing."""
    assert said(read_payload(json.dumps({"session_id": "s-1", "model": "m"})), "user") == ()


@pytest.mark.parametrize(
    "answered", [{"generations": [[]], "llm_output": None}, {"role": "assistant", "content": None}, [], {}]
)
def test_an_answer_without_a_word_is_none(answered: Any) -> None:
    """What a failed call leaves in a known shape is not quoted as if the model had answered JSON."""
    assert said(read_payload(json.dumps(answered)), "assistant") == ()


@pytest.mark.parametrize("answered", ["It is open.", '{"answer": 42}', "42"])
def test_an_answer_in_no_known_shape_is_the_text_itself(answered: str) -> None:
    """Plain text, and JSON that the model was asked for."""
    (message,) = said(read_payload(answered), "assistant")
    assert (message.role, message.content) == ("assistant", answered)


def test_arguments_by_name_and_by_place_are_kept() -> None:
    """A decorated function's call is told by its arguments alone, whichever way they were given."""
    assert arguments('{"args": [], "kwargs": {"card": "C-1"}}') == '{"card":"C-1"}'
    assert arguments('{"args": ["C-1"], "kwargs": {}}') == '{"args":["C-1"]}'
    assert arguments("{'card': 'C-1'}") == "{'card': 'C-1'}"


def test_a_query_is_the_argument_that_is_a_text() -> None:
    """By its usual name, else the first text; a text is itself."""
    assert (
        query('{"top_k": 3, "query": "moss"}') == query('{"args": ["moss"], "kwargs": {}}') == query("moss") == "moss"
    )


def test_documents_of_all_libraries_have_id_text_and_score() -> None:
    """Plain, LangChain's (score in the metadata, or serialised), a bare text; within an object or a list."""
    found = documents(
        json.dumps({"documents": [
            {"id": "d1", "content": "a", "score": 0.5},
            {"page_content": "b", "metadata": {"id": "d2", "score": 1}},
            {"lc": 1, "id": ["langchain", "Document"], "kwargs": {"page_content": "c", "metadata": {}}},
            "d",
        ]})
    )  # fmt: skip
    assert [(document.id, document.content, document.score) for document in found] == [
        ("d1", "a", 0.5), ("d2", "b", 1.0), ("", "c", None), ("", "d", None),
    ]  # fmt: skip


def test_cut_json_is_told_from_whole_json_and_from_text() -> None:
    """Only JSON that an attribute limit has cut counts."""
    for text, expected in (('{"messages": [{"role": "us', True), ('{"messages": []}', False), ("[sic] he said", False)):
        assert is_cut(text) == read_payload(text).is_cut == expected
