"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: What 1 is divided by, in words, by powers of ten.
_PARTS = (
    "one", "ten", "a hundred", "a thousand", "ten thousand", "a hundred thousand", "a million", "ten million",
    "a hundred million", "a billion", "ten billion", "a hundred billion", "a trillion",
)  # fmt: skip


def percent(*values: float) -> str:
    """A share that is given in percent, or from where to where it goes.

    >>> percent(4.26), percent(31.7), percent(0.02), percent(0.4, 7.1), percent(2.1, 2.1)
    ('4.3 %', '32 %', '0 %', '0.4 to 7.1 %', '2.1 %')
    """
    return f"{_to(values, 0 if max(values) >= 9.95 else 1)} %"


def newtons(weight: float, *values: float) -> str:
    """A force or its range, and how many body weights that is where the weight is known.

    >>> newtons(737.0, 1234.5), newtons(737.0, 458.0, 1179.0), newtons(math.nan, 1234.5)
    ('1,234 N (1.68 body weights)', '458 to 1,179 N (0.62 to 1.60 body weights)', '1,234 N')
    """
    return f"{_to(values, 0)} N" + (f" ({weights(weight, *values)})" if math.isfinite(weight) else "")


def weights(weight: float, *values: float) -> str:
    """A force or its range in body weights.

    >>> weights(700.0, 350.0)
    '0.50 body weights'
    """
    return f"{_to([value / weight for value in values], 2)} body weights"


def _to(values: Sequence[float], digits: int) -> str:
    told = [f"{value:,.{digits}f}" for value in values]
    return " to ".join(dict.fromkeys("0" if own.strip("-0.") == "" else own for own in told))


def one_part_in(share: float) -> str:
    """A small share of 1, rounded up to a power of ten.

    >>> one_part_in(3e-7), one_part_in(0.0), one_part_in(0.3)
    ('one part in a million', 'one part in a trillion', '30 %')
    """
    if not share < 0.1:
        return percent(100.0 * share)
    power = len(_PARTS) - 1 if share <= 10.0 ** (1 - len(_PARTS)) else math.floor(-math.log10(share))
    return f"one part in {_PARTS[power]}"


def listed(words: Sequence[str]) -> str:
    """Several things in a sentence.

    >>> listed(["calf", "shin", "belly"])
    'calf, shin and belly'
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
