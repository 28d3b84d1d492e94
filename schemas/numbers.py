"""Numbers out of whatever somebody wrote where a number belongs."""

import math
from typing import Any


def finite(value: Any) -> float | None:  # any value: a number, a bool (1.0 or 0.0), their text, or something else
    """Return `value` as a finite number, which every column of floats can hold; None where it is none. Never raises."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
