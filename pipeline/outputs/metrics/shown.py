"""Values of metrics as people read them, the same as on the dashboard (`static/js/format.js`)."""

import datetime as dt
from collections.abc import Callable

# What stands where there is nothing to say.
NONE = "–"
NO_CHANGE = "±0%"


def shown(unit: str, value: float | dt.date | None) -> str:
    """A value in its unit.

    >>> shown("usd", 1234.5), shown("usd", 0.004), shown("tokens", 8_912_345), shown("share", 0.9204)
    ('$1,234', '<$0.01', '8.9M', '92%')
    >>> shown("usd", None), shown("usd", -3.014), shown("usd", -0.004)
    ('–', '−$3.01', '>−$0.01')
    """
    if value is None:
        return NONE
    if isinstance(value, dt.date):
        return f"{value.day} {value:%b %Y}"
    return _UNITS[unit](value)


def change(now: float | dt.date | None, before: float | dt.date | None) -> str:
    """By how much a value differs from the one before; empty where that cannot be said.

    >>> change(150, 100), change(0.5, 1), change(1, 0), change(3, None)
    ('+50%', '−50%', '', '')
    """
    if now is None or not before or isinstance(now, dt.date) or isinstance(before, dt.date):
        return ""
    share = 100 * (now - before) / before
    return f"{share:+,.0f}%".replace("-", "−") if abs(share) >= 0.5 else NO_CHANGE


def period(first: dt.date, last: dt.date) -> str:
    """Days, the first and the last inclusive.

    >>> (
    ...     period(dt.date(2026, 11, 9), dt.date(2026, 11, 15)),
    ...     period(dt.date(2026, 12, 28), dt.date(2027, 1, 3)),
    ... )
    ('9 Nov – 15 Nov 2026', '28 Dec 2026 – 3 Jan 2027')
    >>> period(dt.date(2026, 11, 9), dt.date(2026, 11, 9))
    '9 Nov 2026'
    """
    end = f"{last.day} {last:%b} {last.year}"
    if first == last:
        return end
    return f"{first.day} {first:%b}{'' if first.year == last.year else f' {first.year}'} – {end}"


def _usd(value: float) -> str:
    size = abs(value)
    if 0 < size < 0.01:
        return ">−$0.01" if value < 0 else "<$0.01"
    return f"{'−' if value < 0 else ''}${size:,.{2 if size < 1000 else 0}f}"


def _compact(value: float) -> str:
    """A thousand and more with one digit and a letter: 8.9M."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if round(value / size, 1) >= 1:
            return f"{value / size:,.1f}".removesuffix(".0") + letter
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    if 0 < value < 0.1:
        return "<0.1%"
    if 99.9 < value < 100:
        return ">99.9%"
    return f"{value:,.1f}".removesuffix(".0") + "%" if value < 10 or 99 < value < 100 else f"{value:,.0f}%"


def _one_digit(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0") if value < 100 else f"{value:,.0f}"


_UNITS: dict[str, Callable[[float], str]] = {
    "usd": _usd,
    "count": "{:,.0f}".format,
    "tokens": lambda value: f"{value:,.0f}" if value < 10_000 else _compact(value),
    "share": lambda value: _percent(100 * value),
    "percent": _percent,
    "hours": _one_digit,
    "ratio": _one_digit,
}
