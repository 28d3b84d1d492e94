"""The decision rule is code: the model answers two questions, and its code is an opinion."""

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.with_model.claims import findings_of, rule
from analyzer.with_model.quotes import find_quote
from analyzer.with_model.redact import Redactor
from analyzer.with_model.replies import Claim
from analyzer.with_model.tool_draft import draft_tool, join_drafts
from schemas.families import CODES
from schemas.records import Conversation, ToolDefinition

Talk = Callable[..., Conversation]
Claimed = Callable[..., dict[str, Any]]
TOOLS = (ToolDefinition("find_invoice", "Find an invoice."),)


@pytest.mark.parametrize(
    ("code", "tool", "data", "expected"),
    [
        ("tool_absent", True, False, [("missing_capability", "tool_absent", "high", False)]),
        ("stale", False, True, [("missing_inventory", "stale", "high", False)]),
        ("tool_absent", False, True, [("missing_inventory", "content_absent", "medium", True)]),
        ("content_absent", True, False, [("missing_capability", "tool_absent", "medium", True)]),
        ("operation_unsupported", True, True, [("missing_capability", "operation_unsupported", "high", True)]),
        (
            "field_not_recorded", False, False,
            [("missing_capability", "tool_absent", "medium", True), ("missing_inventory", "field_not_recorded", "high", True)],
        ),
        ("fabricated", True, True, [("agent_mistake", "fabricated", "high", False)]),
        ("timeout", False, False, [("technical_error", "timeout", "high", False)]),
        ("correct_refusal", True, False, [("user_or_policy", "correct_refusal", "high", False)]),
        ("false_refusal", True, False, [("agent_mistake", "false_refusal", "high", False)]),
    ],
)  # fmt: skip
def test_the_two_answers_decide_the_family(
    talk: Talk, claimed: Claimed, code: str, tool: bool, data: bool, expected: list[tuple[str, str, str, bool]]
) -> None:
    """Of unmet requests the answers decide, of everything else the code; what they do not settle is a boundary."""
    claim = Claim.model_validate(claimed("m0", "q", code, tool_would_serve=tool, data_would_serve=data))
    rulings = rule(talk(("user", "Hi"), tools=TOOLS), claim)
    assert [(r.family, r.code, r.confidence, r.is_boundary) for r in rulings] == expected


def test_every_code_has_its_family(talk: Talk, claimed: Claimed) -> None:
    """No code of the closed list falls through the rule."""
    for family, codes in CODES.items():
        for code in codes:
            is_data = family == "missing_inventory"
            claim = claimed("m0", "q", code, tool_would_serve=not is_data, data_would_serve=is_data)
            (ruling,) = rule(talk(tools=TOOLS), Claim.model_validate(claim))
            assert (ruling.family, ruling.code) == (family, code)


def test_without_any_tool_no_refusal_is_false(talk: Talk, claimed: Claimed) -> None:
    """The list of declared tools decides: an agent that had none could not have used one."""
    claim = Claim.model_validate(claimed("m0", "q", "false_refusal", tool_would_serve=True))
    assert [r.code for r in rule(talk(("user", "Hi"), tools=()), claim)] == ["tool_absent"]
    assert [r.code for r in rule(talk(("user", "Hi"), tools=None), claim)] == ["false_refusal"]


def test_a_finding_carries_what_was_requested_and_names_nobody(talk: Talk, claimed: Claimed) -> None:
    """Offsets are set; what the model should have left out of its own words is taken out, the quote stays verbatim."""
    conversation = talk(
        ("user", "I am ada@x.com, compare my bills"), ("assistant", "I cannot compare bills for ada@x.com.")
    )
    claim = Claim.model_validate(
        claimed(
            "m1", "I cannot compare bills for ada@x.com", "tool_absent", tool_would_serve=True,
            statement="The agent cannot compare the bills of ada@x.com " + "again and " * 20,
            requested_object="Bills of ada@x.com.", requested_operation="compare", tool_name="compareBills",
            tool_arguments=[{"name": "account", "type": "string", "example": "ada@x.com"}],
        )
    )  # fmt: skip
    quoted = find_quote(conversation, (), claim.marker, claim.quote)
    assert quoted is not None
    (finding,) = findings_of(conversation, claim, quoted, Redactor(), model="m", prompt_hash="p")
    assert (finding.quote, finding.quote_start, finding.quote_end) == (claim.quote, 0, 36)
    assert finding.statement.startswith("The agent cannot compare the bills of [email]")
    assert len(finding.statement.split()) == 20
    assert (finding.requested_object, finding.subject) == ("bills of [email]", "compare bills of [email]")
    assert "ada" not in finding.tool_draft


def test_a_draft_is_the_definition_of_a_function(claimed: Claimed) -> None:
    """Name in snake_case, one typed property an argument, with an example of its type where it is one."""
    arguments = [
        {"name": "firstInvoice", "type": "string", "example": "March"},
        {"name": "max rows", "type": "integer", "example": "5"},
        {"name": "since", "type": "number", "example": "last year"},
    ]
    draft = draft_tool(
        Claim.model_validate(claimed("m0", "q", "tool_absent", tool_name="Compare Invoices!", tool_arguments=arguments))
    )
    assert draft == (
        '{"name": "compare_invoices", "description": "compare invoices", "parameters": {"type": "object", "properties": '
        '{"first_invoice": {"type": "string", "examples": ["March"]}, "max_rows": {"type": "integer", "examples": [5]}, '
        '"since": {"type": "number", "examples": ["last year"]}}, "required": ["first_invoice", "max_rows", "since"]}}'
    )
    assert draft_tool(Claim.model_validate(claimed("m0", "q", "tool_absent"))) == ""


def test_drafts_of_an_issue_become_one(claimed: Claimed) -> None:
    """The commonest name, every argument with distinct examples, required what at least half supplied."""

    def draft(name: str, **arguments: str) -> str:
        listed = [{"name": key, "type": "string", "example": value} for key, value in arguments.items()]
        return draft_tool(
            Claim.model_validate(claimed("m0", "q", "tool_absent", tool_name=name, tool_arguments=listed))
        )

    drafts = [draft("compare", first="March"), draft("compare", first="May", limit="3"), draft("diff", first="March")]
    joined = join_drafts(drafts)
    assert joined["name"] == "compare"
    assert joined["parameters"]["properties"] == {
        "first": {"type": "string", "examples": ["March", "May"]}, "limit": {"type": "string", "examples": ["3"]},
    }  # fmt: skip
    assert joined["parameters"]["required"] == ["first"]
    assert join_drafts([]) == {}
