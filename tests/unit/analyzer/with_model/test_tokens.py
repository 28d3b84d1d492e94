"""Estimates of tokens, without a tokeniser."""

import pytest

from analyzer.with_model.tokens import estimate_tokens


@pytest.mark.parametrize(
    ("text", "counted"),  # by o200k_base and cl100k_base, the larger of the two
    [
        ("The quick brown fox jumps over the lazy dog near the river bank this morning.", 16),
        ('{"reservation_id": "A1B2C3", "passengers": 2, "total": 341.50, "paid": true}', 27),
        ("您好，我想取消我的订单，因为包裹没有到。请帮帮我，谢谢。", 30),
        ("Здравствуйте, я хотел бы отменить свой заказ, потому что посылка не пришла.", 32),
        ("def area(width, height):\n    return width * height\n\nprint(area(3, 4))\n", 20),
    ],
)
def test_an_estimate_is_near_what_tokenisers_count(text: str, counted: int) -> None:
    """Within a third either way for single lines; over whole conversations errors even out to a few percent."""
    assert counted * 0.67 <= estimate_tokens(text) <= counted * 1.34


def test_nothing_takes_no_tokens() -> None:
    """The empty text costs nothing, any other at least one token."""
    assert estimate_tokens("") == 0
    assert estimate_tokens("a") == 1


def test_a_long_text_is_estimated_from_its_parts() -> None:
    """Two megabytes cost about what their repeated part costs, times the repetitions."""
    part = "Order 4711 was shipped on Monday; the invoice follows by mail. " * 16
    assert estimate_tokens(part * 2_000) == pytest.approx(2_000 * estimate_tokens(part), rel=0.02)
