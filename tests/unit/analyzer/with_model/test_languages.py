"""Whatever the language: the summary is English, the quote is the user's or agent's own."""

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.with_model.read import read_conversation
from analyzer.with_model.reading import ReadingSetup
from schemas.records import Conversation, ToolDefinition

Talk = Callable[..., Conversation]
REFUSALS = {
    "de": (
        "Bitte kündigen Sie mein Abonnement zum Monatsende.",
        "Ein Abonnement kann ich leider nicht für Sie kündigen.",
    ),
    "fr": ("Pouvez-vous résilier mon abonnement ?", "Je n’ai aucun outil pour résilier un abonnement."),
    "es": ("Quiero cancelar mi suscripción.", "No dispongo de ninguna función para cancelar suscripciones."),
    "pt": ("Quero cancelar a minha assinatura.", "Não tenho como cancelar assinaturas por aqui."),
    "pl": ("Proszę anulować moją subskrypcję.", "Nie mam możliwości anulowania subskrypcji."),
    "ru": ("Отмените, пожалуйста, мою подписку.", "К сожалению, отменить подписку я не могу."),
    "tr": ("Aboneliğimi iptal etmek istiyorum.", "Aboneliği iptal edebilecek bir aracım yok."),
    "zh": ("请帮我取消订阅。", "抱歉，我没有取消订阅的功能。"),
    "ja": ("定期購読を解約してください。", "申し訳ございませんが、解約の手続きはできかねます。"),
    "ko": ("구독을 해지해 주세요.", "죄송하지만 구독을 해지하는 기능이 없습니다."),
    "ar": ("أريد إلغاء اشتراكي.", "عذراً، لا أملك أداة لإلغاء الاشتراك."),
    "hi": ("कृपया मेरी सदस्यता रद्द करें।", "क्षमा करें, मेरे पास सदस्यता रद्द करने की सुविधा नहीं है।"),
    "th": ("กรุณายกเลิกการสมัครสมาชิกของฉัน", "ขออภัย ฉันไม่มีเครื่องมือสำหรับยกเลิกการสมัคร"),
}


@pytest.mark.parametrize("language", REFUSALS)
def test_quotes_are_verbatim_in_their_own_language(
    talk: Talk, scripted: Any, said: Any, claimed: Any, bear_out: Any, language: str
) -> None:
    """Offsets lead to the original; request, summary and statement are the English that the model wrote."""
    wish, refusal = REFUSALS[language]
    conversation = talk(
        ("user", wish), ("assistant", refusal), tools=(ToolDefinition("find_invoice", "Find an invoice."),)
    )
    claim = claimed(
        "m1", refusal.rstrip(".。।"), "tool_absent", tool_would_serve=True, statement="No tool cancels a subscription",
        requested_object="subscription", requested_operation="cancel",
    )  # fmt: skip
    model = scripted(
        lambda question: said(claim, request="cancel a subscription", outcome="not", user_language=language),
        lambda question: bear_out(1),
    )
    reading = read_conversation(model, conversation, [], ReadingSetup())
    (finding,) = reading.findings
    assert refusal[finding.quote_start : finding.quote_end] == finding.quote == refusal.rstrip(".。।")
    assert (reading.summary.language, reading.summary.request) == (language, "cancel a subscription")
    assert (finding.subject, finding.statement) == ("cancel subscription", "No tool cancels a subscription")
    assert wish in model.questions("Read")[0]


def test_the_same_wish_in_all_languages_is_the_same_subject(
    talk: Talk, scripted: Any, said: Any, claimed: Any, bear_out: Any
) -> None:
    """What clustering compares is English, so that two languages do not make two issues."""
    subjects = set()
    for wish, refusal in REFUSALS.values():
        claim = claimed("m1", refusal, "tool_absent", tool_would_serve=True)
        model = scripted(lambda question, claim=claim: said(claim), lambda question: bear_out(1))
        (finding,) = read_conversation(model, talk(("user", wish), ("assistant", refusal)), [], ReadingSetup()).findings
        subjects.add(finding.subject)
    assert subjects == {"compare invoices"}
