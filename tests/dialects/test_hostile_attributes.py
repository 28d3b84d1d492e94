"""What an application, an attribute limit or another version puts into an attribute must never cost a span its place."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.assembly.conversations import assemble
from collector_plugin.dialects import read_span
from collector_plugin.flatten import flatten_traces
from collector_plugin.otlp.requests import decode
from schemas.records import Attributes, Span, SpanFacts

HERE = Path(__file__).parent
DIALECTS = sorted({path.parent.parent.name for path in HERE.glob("*/*/*_traces.json")})

JUNK: tuple[Any, ...] = (
    None, 1, -2.5, True, "x", "", [], {}, [1], [[]], [None], {"a": 1}, {"role": 5}, {"type": []}, [{"role": None}],
    {"messages": {"a": 1}}, {"kwargs": [], "args": {}}, {"kwargs": {}, "id": []}, {"generations": [None]}, {"parts": 3},
    {"choices": "x"}, {"function": "f"}, {"tools": [7]}, {"content": {"parts": None}},
)  # fmt: skip


def spans_of(dialect: str) -> list[Span]:
    bodies = sorted((HERE / dialect).glob("*/*_traces.json"))
    return [span for body in bodies for span in flatten_traces(decode("traces", body.read_bytes(), "json").request)]  # type: ignore[arg-type]  # a request of traces


@st.composite
def disturbed(draw: st.DrawFn, attributes: Attributes) -> dict[str, str]:
    """The attributes with some missing, some cut, and some that hold JSON of an unexpected shape, whole or deep within."""
    return {key: draw(disturbed_text(text)) for key, text in attributes.items() if draw(st.integers(0, 9))}


def disturbed_text(text: str) -> st.SearchStrategy[str]:
    ways = [st.just(text), st.integers(0, len(text)).map(lambda end: text[:end]), st.sampled_from(JUNK).map(json.dumps)]
    try:
        value = json.loads(text)
    except ValueError:
        return st.one_of(ways)
    return st.one_of(*ways, disturbed_value(value).map(json.dumps))


@st.composite
def disturbed_value(draw: st.DrawFn, value: Any) -> Any:
    if draw(st.integers(0, 7)) == 0:
        return draw(st.sampled_from(JUNK))
    if isinstance(value, dict):
        return {key: draw(disturbed_value(item)) for key, item in value.items() if draw(st.integers(0, 11))}
    return [draw(disturbed_value(item)) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_attributes_hold_a_span_keeps_its_place(dialect: str, data: st.DataObject) -> None:
    """Nothing is raised, exactly one record tells the span's facts, and its conversation assembles."""
    span = data.draw(st.sampled_from(spans_of(dialect)))
    records = read_span(replace(span, attributes=data.draw(disturbed(span.attributes))))
    assert [record.span_id for record in records if isinstance(record, SpanFacts)] == [span.span_id]
    assemble(records)
