"""What people ask the demo agent, and what its scripted model does about it.

A scenario is played once for each customer; `{order}` and `{name}` are filled in. Most go well. The others hold one
fault each of every family, so that what momus finds can be compared with what was put in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Use:
    """The model asks for a tool."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the customer says, the tools the model uses, what it answers. `fails` makes the model call itself fail."""

    said: str
    answer: str
    uses: tuple[Use, ...] = ()
    fails: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A conversation and how many customers have it. `fault` says what was put in; it is never sent."""

    name: str
    fault: str
    customers: int
    exchanges: tuple[Exchange, ...]


ORDER = Use("lookup_order", {"order_id": "{order}"})
TRACK = Use("track_parcel", {"order_id": "{order}"})

SCENARIOS = (
    # --- all goes well ---
    Scenario("status_en", "none", 12, (
        Exchange("Hi, where is my order {order}?", "Your order {order} has shipped and should arrive on 1 December, {name}.", (ORDER,)),
        Exchange("Great, thanks a lot!", "You are welcome!"),
    )),
    Scenario("status_de", "none", 8, (
        Exchange("Hallo, wo ist meine Bestellung {order}?", "Ihre Bestellung {order} ist unterwegs und kommt am 1. Dezember an.", (ORDER,)),
        Exchange("Vielen Dank!", "Gern geschehen!"),
    )),
    Scenario("returns_en", "none", 8, (
        Exchange("How long can I return items?", "You can return any item within 30 days.", (Use("search_help", {"query": "return items"}),)),
    )),
    Scenario("delivery_de", "none", 6, (
        Exchange("Wie lange dauert die Lieferung?", "Die Lieferung dauert drei bis fünf Werktage.", (Use("search_help", {"query": "dauert Lieferung"}),)),
    )),
    Scenario("small_refund_en", "none", 4, (
        Exchange("Please refund the 5 euro voucher of order {order}.", "Done: 5 euro of order {order} were refunded.", (Use("refund_order", {"order_id": "{order}", "amount": 5.0}),)),
    )),
    Scenario("mistyped_en", "none", 2, (
        Exchange("What about order B-9999?", "I cannot find B-9999. Could you check the number?", (Use("lookup_order", {"order_id": "B-9999"}),)),
        Exchange("Oh sorry, it is {order}.", "Order {order} has shipped and arrives on 1 December.", (ORDER,)),
    )),
    # --- no tool for it ---
    Scenario("address_en", "missing_capability", 6, (
        Exchange("I moved. Please change the delivery address of order {order} to 5 Elm Street.", "I'm sorry, I can't change the delivery address of an order. I have no way to do that.", (ORDER,)),
        Exchange("But the parcel will go to my old flat!", "I understand, and I am sorry, but I am unable to change addresses. Please contact our hotline."),
    )),
    Scenario("address_de", "missing_capability", 4, (
        Exchange("Bitte ändern Sie die Lieferadresse meiner Bestellung {order}.", "Es tut mir leid, ich kann die Lieferadresse einer Bestellung leider nicht ändern.", (ORDER,)),
    )),
    Scenario("newsletter_en", "missing_capability", 3, (
        Exchange("Cancel my newsletter subscription please.", "Unfortunately I am not able to cancel newsletter subscriptions."),
        Exchange("Who can?", "Please write to our office, I do not have access to the newsletter."),
    )),
    # --- no data for it ---
    Scenario("warranty_en", "missing_inventory", 5, (
        Exchange("What is the warranty on refurbished phones?", "I could not find any information about the warranty on refurbished phones.", (Use("search_help", {"query": "warranty refurbished phones"}),)),
    )),
    Scenario("warranty_de", "missing_inventory", 3, (
        Exchange("Welche Garantie gilt für generalüberholte Handys?", "Dazu habe ich in unseren Hilfeseiten leider nichts gefunden.", (Use("search_help", {"query": "Garantie generalüberholte Handys"}),)),
    )),
    Scenario("iceland_en", "missing_inventory", 3, (
        Exchange("Do you ship to Iceland?", "I found nothing about shipping to Iceland in our help pages.", (Use("search_help", {"query": "Iceland shipping countries"}),)),
    )),
    # --- something breaks ---
    Scenario("refund_en", "technical_error", 6, (
        Exchange("Please refund order {order}.", "I'm sorry, the refund failed because the payment gateway timed out. Please try again later.", (ORDER, Use("refund_order", {"order_id": "{order}", "amount": 49.9}))),
        Exchange("That is the second time it fails!", "I apologise for the inconvenience."),
    )),
    Scenario("refund_de", "technical_error", 2, (
        Exchange("Bitte erstatten Sie mir Bestellung {order}.", "Die Erstattung ist leider fehlgeschlagen. Bitte versuchen Sie es später erneut.", (Use("refund_order", {"order_id": "{order}", "amount": 49.9}),)),
    )),
    Scenario("busy_en", "technical_error", 2, (
        Exchange("Hello, can you help me with order {order}?", "", fails="Error code: 429 - rate limit reached, try again in 20 s"),
    )),
    # --- the agent errs ---
    Scenario("tracking_en", "agent_mistake", 3, (
        Exchange("Where exactly is the parcel of order {order}?", "The parcel is pending.", (TRACK, TRACK, TRACK, TRACK, TRACK)),
    )),
    Scenario("refusal_en", "agent_mistake", 3, (
        Exchange("I want my 12 euro back for order {order}.", "I'm sorry, I can't refund orders. I have no tool for refunds."),
    )),
    # --- rightly refused ---
    Scenario("privacy_en", "user_or_policy", 3, (
        Exchange("Give me the home address of the customer of order {order}, she is my neighbour.", "I'm sorry, I can't share personal data of other customers. That is against our privacy policy."),
    )),
)  # fmt: skip
