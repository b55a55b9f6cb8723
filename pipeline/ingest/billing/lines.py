"""A line of a bill, whoever sent it, and the row of raw.billing that it becomes."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from operator import itemgetter
from typing import Any

from pipeline.ingest.values import clean_text, dumps

# Reports: of what is charged; of usage without money; of what the provider estimates; of single people.
COST, USAGE, ESTIMATE = "cost", "usage", "estimate"

NANO = 9  # digits of a billionth
MOST = Decimal(9_000_000_000)  # units of a currency, of which billionths are still 64 bits
PRECISION = Context(prec=60)
MOST_QUANTITY = 10**15


class Unusable(ValueError):
    """Why something gives no line."""


class WithoutLines(Unusable):
    """What an object holds that is in order and yet no line of a bill."""


class Other(ValueError):
    """What a bill of a whole cloud holds of a service that sells no models; says which."""


@dataclass(frozen=True)
class Line:
    """A line of a bill. Money is in billionths of the currency; what the bill does not say is None."""

    provider: str
    report: str
    date: dt.date
    product: str | None = None
    model_name: str | None = None
    unit: str | None = None
    quantity: float | None = None
    gross_nano: int | None = None
    discount_nano: int | None = None
    net_nano: int | None = None
    currency: str | None = None
    developer_id: str | None = None
    workspace_id: str | None = None
    api_key_id: str | None = None
    organization: str | None = None
    cost_centre: str | None = None


def usage_lines(
    provider: str, date: dt.date, counts: Mapping[str, float], unit: str, **who: Any
) -> Iterator[Line]:
    """A line for each product of which there is any: quantities without money, by model, person and so on."""
    for product, count in counts.items():
        if count:
            yield Line(provider, USAGE, date, product=product, unit=unit, quantity=count, **who)


def rows(lines: Iterable[Line], *scope: str | None) -> Iterator[dict[str, Any]]:
    """Rows of raw.billing: of all that a bill says of a scope.

    A scope is what one report tells whole, such as a provider's day. Later reports of a scope take the place
    of earlier ones line by line and together, so a line that is corrected, or gone, does not count twice.

    Args:
        lines: all lines of the scope; equal ones are different lines.
        scope: what they are all that is told of.
    """
    told = sorted(((_text(line), asdict(line)) for line in lines), key=itemgetter(0))
    where, version = _hash(dumps(scope)), _hash("\n".join(said for said, _ in told))
    for number, (_, columns) in enumerate(told, start=1):
        yield {**columns, "scope": where, "version": version, "line": number}


def _text(line: Line) -> str:
    return dumps({**asdict(line), "date": line.date.isoformat()})


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def decimal(value: Any, name: str) -> Decimal:
    """A number as it is written, never by way of a float.

    Raises:
        Unusable: it is none, or not finite.
    """
    try:
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise Unusable(f"{name} is no number")
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        raise Unusable(f"{name} is no number") from None
    if not number.is_finite():
        raise Unusable(f"{name} is no number")
    return number


def nano(value: Any, name: str, digits: int = 0) -> int:
    """An amount of money in billionths, rounded to the nearest; credits are negative.

    Args:
        value: the amount, as text or as a number without float.
        name: the field that holds it.
        digits: how many decimal digits of the currency its unit stands for: 2 for cents.

    Raises:
        Unusable: it is no amount, or more than 64 bits hold.
    """
    amount = decimal(value, name)
    if not -MOST <= amount <= MOST:  # abs() itself fails on 1e9999999
        raise Unusable(f"{name} is more than any bill says")
    if amount.adjusted() < -2 * NANO:
        return 0
    exact = PRECISION.scaleb(amount, NANO - digits)
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


def quantity(value: Any, name: str) -> float:
    """How much of its unit a line is of.

    Raises:
        Unusable: it is no number, or more than anybody uses.
    """
    number = decimal(value, name)
    if not -MOST_QUANTITY <= number <= MOST_QUANTITY:
        raise Unusable(f"{name} is more than anybody uses")
    return float(number)


def text(value: Any, name: str) -> str | None:
    """A name that a bill gives; None where it gives none.

    Raises:
        Unusable: it is no text.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise Unusable(f"{name} is no text")
    return clean_text(value.strip()) or None


def person(value: Any, name: str) -> str | None:
    """Who, as other records call them: addresses and logins are in lower case."""
    found = text(value, name)
    return found and found.lower()


def day(value: Any, name: str) -> dt.date:
    """A day of UTC, from `2026-03-10` or the instant at which it begins.

    Raises:
        Unusable: it is neither.
    """
    try:
        moment = dt.datetime.fromisoformat(value)
        moment = moment.astimezone(dt.UTC) if moment.tzinfo else moment
    except (TypeError, ValueError, OverflowError):  # the last of 0001-01-01T00:00:00+05:00
        raise Unusable(f"{name} is missing, or not written like 2026-11-23") from None
    if moment.time() != dt.time(0):
        raise Unusable(f"{name} is not where a day of UTC begins: ask for whole days (bucket_width=1d)")
    if not 1970 <= moment.year < 2200:
        raise Unusable(f"{name} is not between 1970 and 2199")
    return moment.date()


def instant(value: Any, name: str) -> dt.datetime:
    """An instant in UTC, from `2026-03-10T05:00:00Z`, or `2026-03-10 05:00:00 UTC` as BigQuery writes it.

    Raises:
        Unusable: it is none.
    """
    try:
        moment = dt.datetime.fromisoformat(value.removesuffix(" UTC"))
        moment = moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise Unusable(f"{name} is missing, or not written like 2026-11-23T05:00:00Z") from None
    if not 1970 <= moment.year < 2200:
        raise Unusable(f"{name} is not between 1970 and 2199")
    return moment


def day_of(value: Any, name: str) -> dt.date:
    """The day of UTC that has an instant.

    Raises:
        Unusable: it is no instant.
    """
    return instant(value, name).date()


def given(value: Any) -> Any:
    """A value of a bill; None for an empty cell."""
    return None if value == "" else value


def one_day(start: dt.date, end: dt.date | None, name: str) -> dt.date:
    """The day from `start` to `end`.

    Raises:
        Unusable: it is not one day.
    """
    if end is not None and end - start != dt.timedelta(days=1):
        raise Unusable(f"{name} is not one day after its start: ask for whole days (bucket_width=1d)")
    return start


def objects(value: Any, name: str) -> Sequence[dict[str, Any]]:
    """The objects of a list.

    Raises:
        Unusable: it is no list of objects.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unusable(f"{name} is no list of JSON objects")
    return value


def object_of(value: Any, name: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        Unusable: it is none.
    """
    if not isinstance(value, dict):
        raise Unusable(f"{name} is no JSON object")
    return value
