"""The agent's world: a small shop with orders, help pages and tools that work, fail or do not exist."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

HELP_PAGES = {
    "returns": "You can return any item within 30 days. Unused items are refunded in full. Ruecksendungen sind 30 Tage lang moeglich.",
    "delivery": "Standard delivery takes three to five working days. Die Lieferung dauert drei bis fuenf Werktage.",
    "payment": "We take cards, PayPal and invoices. Wir akzeptieren Karten, PayPal und Rechnung.",
}
SYSTEM_PROMPT = (
    "You are Bolt, the support agent of a small shop. Use your tools. Never give out data of other customers."
)


class PaymentGatewayError(Exception):
    """The payment gateway did not answer in time."""


class UpstreamRateLimitError(Exception):
    """The model's provider refused the call."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool the agent is offered: its JSON schema for the model, its function for the loop."""

    name: str
    description: str
    properties: Mapping[str, Mapping[str, str]]
    run: Callable[..., Any]

    def definition(self) -> dict[str, Any]:
        """Return the tool as the model is told of it."""
        schema = {"type": "object", "properties": self.properties, "required": list(self.properties)}
        return {"type": "function", "name": self.name, "description": self.description, "parameters": schema}


def lookup_order(order_id: str) -> dict[str, Any]:
    """Orders whose number ends in 9 do not exist; the others are on their way."""
    if order_id.endswith("9"):
        return {"error": f"order {order_id} not found"}
    return {"order_id": order_id, "status": "shipped", "eta": "2026-12-01", "amount": 49.9}


def search_help(query: str) -> list[dict[str, Any]]:
    """Return the help pages that share a longer word with the query; none for what no page covers."""
    words = {word for word in re.findall(r"\w+", query.lower()) if len(word) > 4}
    return [
        {"id": name, "content": text, "score": round(len(found) / len(words), 2)}
        for name, text in HELP_PAGES.items()
        if (found := words & set(re.findall(r"\w+", f"{name} {text}".lower())))
    ]


def refund_order(order_id: str, amount: float) -> dict[str, Any]:
    """Refunds above 40 go through a gateway that times out."""
    if amount > 40:
        raise PaymentGatewayError(f"payment gateway timeout (PG-504) for order {order_id}")
    return {"order_id": order_id, "refunded": amount}


def track_parcel(order_id: str) -> dict[str, Any]:
    """The carrier never has news."""
    return {"order_id": order_id, "status": "pending"}


TOOLS = (
    Tool("lookup_order", "Look up an order by its number.", {"order_id": {"type": "string"}}, lookup_order),
    Tool("search_help", "Search the help pages.", {"query": {"type": "string"}}, search_help),
    Tool(
        "refund_order", "Refund an order.", {"order_id": {"type": "string"}, "amount": {"type": "number"}}, refund_order
    ),
    Tool("track_parcel", "Ask the carrier where a parcel is.", {"order_id": {"type": "string"}}, track_parcel),
)


def call(name: str, arguments: Mapping[str, Any]) -> str:
    """Run a tool and return its result as JSON; raises what the tool raises, LookupError for a tool that is not there."""
    tool = next((tool for tool in TOOLS if tool.name == name), None)
    if tool is None:
        raise LookupError(f"unknown tool: {name}")
    return json.dumps(tool.run(**arguments), ensure_ascii=False)
