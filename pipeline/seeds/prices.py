"""Writes `seeds/model_prices.csv` from the genai-prices package; a maintainer runs it.

    python -m pipeline.seeds.prices

One row per model name, speed, input tier and period, as `schemas.seeds.ModelPrices` describes.
What the package cannot say in such a row is decided here:

* Only makers' own list prices. A reseller stands in where the maker is not in the package, and
  the row's source names it.
* The package matches names by patterns, the table by equality: a pattern is turned into the plain
  names that it means, without date stamps, in lower case, with dots and with dashes.
* A price that depends on the hour is the one in force for most of the day.
* Every tier that a model ever has is a row in each of its periods, so that one period is enough
  to price a request of any size.
"""

import csv
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

SEED = Path(__file__).with_name("model_prices.csv")

# In order: the first one that knows a name gives its price.
MAKERS = (
    "anthropic",
    "openai",
    "google",
    "x-ai",
    "mistral",
    "deepseek",
    "moonshotai",
    "zai",
    "minimax",
    "meta",
    "cursor",
    "zhipuai",
)
# The package has no price list of the maker: provider → prefix of the names that we take from it.
RESELLERS = {"openrouter": "qwen/"}

# Fast modes that were withdrawn before the package began to record them, as multiples of the list
# price: 6x for Opus 4.6 (platform.claude.com/docs/en/build-with-claude/fast-mode: $30/$150 up to
# 200k input, $60/$225 above it) and for Opus 4.7 (ccusage's table of fast multipliers).
WITHDRAWN_FAST = {"claude-opus-4-6": 6, "claude-opus-4-7": 6}
# How providers' data mark requests that are served faster, or later and cheaper.
SPEEDS: dict[str, tuple[dict[str, str], ...]] = {
    "fast": ({"speed": "fast"}, {"service_tier": "fast"}),
    "priority": ({"service_tier": "priority"},),
    "flex": ({"service_tier": "flex"},),
    "batch": ({"processing": "batch"},),
}

# Models that no coding agent talks to; their units are no text tokens, or they have no output.
NOT_CODING = re.compile(
    r"audio|babbage|banana|curie|davinci|embed|image|imagen|live|moderation|ocr|omni|realtime"
    r"|robotics|transcribe|tts|veo|voice|voxtral|whisper|^ada$|^ft:|[.]ft|:"
)

FIRST_DAY = dt.date(1970, 1, 1)
KINDS = {
    "input_usd": "input_mtok",
    "output_usd": "output_mtok",
    "cache_write_5m_usd": "cache_write_mtok",
    "cache_write_1h_usd": "cache_write_1h_mtok",
    "cache_read_usd": "cache_read_mtok",
}
COLUMNS = ["model", "speed", "above_input_tokens", "valid_from", "valid_to", *KINDS, "price_source"]


class Period(NamedTuple):
    """Prices of one model and speed from a day to another (exclusive; None: still in force)."""

    valid_from: dt.date
    valid_to: dt.date | None
    prices: Any


def main() -> None:
    """Write the seed."""
    with SEED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(price_rows())
    print(f"{SEED}: {sum(1 for _ in SEED.open(encoding='utf-8')) - 1} rows")


def price_rows() -> list[dict[str, str]]:
    """All rows of the seed, as text, in the order of the file."""
    rows = []
    source = f"genai-prices {version('genai-prices')}"
    for names, model, resold_by in _models():
        note = f"{source} ({resold_by})" if resold_by else source
        for speed, periods, note_of_speed in _speeds(model, note):
            tiers = sorted({0} | {tier for period in periods for tier in _tiers(period.prices)})
            for name in names:
                for period in periods:
                    for tier in tiers:
                        row = {
                            "model": name,
                            "speed": speed,
                            "above_input_tokens": str(tier),
                            "valid_from": period.valid_from.isoformat(),
                            "valid_to": period.valid_to.isoformat() if period.valid_to else "",
                            "price_source": note_of_speed,
                        }
                        for column, kind in KINDS.items():
                            row[column] = _text(_price(period.prices, kind, tier))
                        rows.append(row)
    return sorted(rows, key=_place)


def _place(row: dict[str, str]) -> tuple[str, int, str, int]:
    tier = int(row["above_input_tokens"])
    return row["model"], ["normal", *SPEEDS].index(row["speed"]), row["valid_from"], tier


def _models() -> Iterator[tuple[list[str], Any, str]]:
    """Each model with the names that it goes by, and the reseller whose price it is, if any."""
    from genai_prices import data

    providers = {provider.id: provider for provider in data.providers}
    taken: set[str] = set()
    for provider_id in (*MAKERS, *RESELLERS):
        provider = providers[provider_id]
        prefix = RESELLERS.get(provider_id, "")
        models = [m for m in provider.models if m.id.startswith(prefix) and _is_for_coding(m)]
        for model in models:
            own = {n for n in _names(model, prefix) if _belongs(n, model, provider, prefix)}
            own = {name for name in own if undated(name) == name or undated(name) not in own}
            other = {
                name
                for name in set().union(*map(_other_spellings, own))
                if _belongs(name, model, provider, prefix, unknown=True)
            }
            names = sorted((own | other) - taken)
            taken.update(names)
            if names:
                yield names, model, provider_id if prefix else ""


def _is_for_coding(model: Any) -> bool:
    prices = _prices_on(FIRST_DAY, model, None)
    return not NOT_CODING.search(model.id.lower()) and all(
        _price(prices, kind, 0) is not None for kind in ("input_mtok", "output_mtok")
    )


def _names(model: Any, prefix: str) -> set[str]:
    """The plain names that a model's id and match clauses mean, with and without date stamps."""
    found = {model.id}
    clauses = [model.match]
    while clauses:
        clause = clauses.pop()
        clauses += getattr(clause, "or_", None) or getattr(clause, "and_", None) or []
        for kind in ("equals", "starts_with", "ends_with", "contains"):
            found.add(getattr(clause, kind, None) or model.id)
    names = {name.lower().removeprefix(prefix).rstrip("-@:._") for name in found}
    names |= {undated(name) for name in names}
    return {n for n in names if "/" not in n and not NOT_CODING.search(n)}


def undated(name: str) -> str:
    """A model's name without its date stamp, or the beginning of one.

    >>> undated("claude-sonnet-4-5-20250929"), undated("gpt-5.2-2025-12-11")
    ('claude-sonnet-4-5', 'gpt-5.2')
    >>> undated("claude-sonnet-4-2025"), undated("gpt-4o")
    ('claude-sonnet-4', 'gpt-4o')
    """
    return re.sub(r"[-@](20\d{6}|20\d\d-\d\d-\d\d|20\d\d)$", "", name)


def _other_spellings(name: str) -> set[str]:
    """Versions written with a dash for a dot and the other way round."""
    return {re.sub(r"(?<=\d)\.(?=\d)", "-", name), re.sub(r"(?<=-\d)-(?=\d(-|$))", ".", name)}


def _belongs(name: str, model: Any, provider: Any, prefix: str, *, unknown: bool = False) -> bool:
    """Whether the provider gives the name to this model, or (if `unknown`) to none at all."""
    if provider.model_match and not prefix and not provider.model_match.is_match(name):
        return False
    owner = provider.find_model(prefix + name)
    return owner is model or (unknown and owner is None)


def _speeds(model: Any, source: str) -> Iterator[tuple[str, list[Period], str]]:
    """The periods of a model at each of its speeds, with the source of the price."""
    normal = _periods(model, None, FIRST_DAY)
    yield "normal", normal, source
    if factor := WITHDRAWN_FAST.get(model.id):
        multiplied = [period._replace(prices=_times(period.prices, factor)) for period in normal]
        yield "fast", multiplied, f"{source}, fast mode x{factor}"
    for speed, marks in SPEEDS.items():
        for mark in marks:
            variants = [v for v in model.price_variants or () if v.when == mark]
            if variants:
                starts = [getattr(v.constraint, "start_date", FIRST_DAY) for v in variants]
                yield speed, _periods(model, mark, min(starts)), source


def _periods(model: Any, context: dict[str, str] | None, since: dt.date) -> list[Period]:
    """The model's prices cut at the days on which they change."""
    conditions = [*(model.prices if isinstance(model.prices, list) else ())]
    conditions += [v for v in model.price_variants or () if v.when == context]
    starts = {getattr(condition.constraint, "start_date", since) for condition in conditions}
    days = sorted({since} | {day for day in starts if day > since})
    periods: list[Period] = []
    for day, end in zip(days, [*days[1:], None], strict=True):
        prices = _prices_on(day, model, context)
        if periods and _same(periods[-1].prices, prices):
            periods[-1] = periods[-1]._replace(valid_to=end)
        else:
            periods.append(Period(day, end, prices))
    return periods


def _prices_on(day: dt.date, model: Any, context: dict[str, str] | None) -> Any:
    """The prices in force for most of a day."""
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    during = [
        model.get_prices(midnight + dt.timedelta(minutes=minutes), context)
        for minutes in range(15, 24 * 60, 30)
    ]
    [(most, _)] = Counter(map(repr, during)).most_common(1)
    return next(prices for prices in during if repr(prices) == most)


def _tiers(prices: Any) -> set[int]:
    tiered = (getattr(prices, kind, None) for kind in KINDS.values())
    return {tier.start for price in tiered for tier in getattr(price, "tiers", ())}


def _price(prices: Any, kind: str, above: int) -> Decimal | None:
    """The price of a kind of token for requests with more input than `above`."""
    price = getattr(prices, kind, None)
    for tier in getattr(price, "tiers", ()):
        if tier.start == above:
            return Decimal(tier.price)
    lower = [tier.price for tier in getattr(price, "tiers", ()) if tier.start < above]
    return lower[-1] if lower else getattr(price, "base", price)


def _same(a: Any, b: Any) -> bool:
    tiers = _tiers(a) | _tiers(b) | {0}
    return all(_price(a, kind, t) == _price(b, kind, t) for kind in KINDS.values() for t in tiers)


def _times(prices: Any, factor: int) -> Any:
    from genai_prices.types import ModelPrice, Tier, TieredPrices

    def multiplied(price: Any) -> Any:
        if not hasattr(price, "tiers"):
            return price * factor
        tiers = [Tier(start=tier.start, price=tier.price * factor) for tier in price.tiers]
        return TieredPrices(base=price.base * factor, tiers=tiers)

    found = {kind: getattr(prices, kind, None) for kind in KINDS.values()}
    return ModelPrice(**{kind: multiplied(price) for kind, price in found.items() if price is not None})


def _text(price: Decimal | None) -> str:
    return "" if price is None else f"{price.normalize():f}"


if __name__ == "__main__":
    main()
