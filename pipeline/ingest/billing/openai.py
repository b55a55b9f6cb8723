"""OpenAI's Administration API: costs, and usage of completions.

https://platform.openai.com/docs/api-reference/usage: buckets of a day, money in units of the currency as
numbers, a line item such as `gpt-5.3-codex, input`. Read on 2026-11-30.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from pipeline.ingest.billing.lines import (
    COST,
    USAGE,
    Line,
    Unusable,
    WithoutLines,
    nano,
    object_of,
    objects,
    person,
    quantity,
    rows,
    text,
    usage_lines,
)

PROVIDER = "openai"
LOOKED_FOR = "OpenAI's organization/costs and organization/usage/completions (JSON)"
COSTS, COMPLETIONS = "organization.costs.result", "organization.usage.completions.result"
A_DAY = 86_400  # seconds
LATEST = 7_258_118_400  # 2200


def is_entry(entry: dict[str, Any]) -> bool:
    """Whether an object is a bucket of costs or usage."""
    return entry.get("object") == "bucket"


def entry_rows(entry: dict[str, Any], account: str | None) -> Iterator[dict[str, Any]]:
    """Rows of raw.billing, of a day's bucket.

    Raises:
        Unusable: its values make no sense.
    """
    date = _day(entry)
    results = objects(entry.get("results", entry.get("result")), "results")
    if not results:
        raise WithoutLines("holds days without costs or usage")
    kinds = {str(result.get("object")) for result in results}
    if kinds == {COSTS}:
        made = [_cost(result, date) for result in results]
        yield from rows(made, PROVIDER, COST, account, date.isoformat())
    elif kinds == {COMPLETIONS}:
        made = [line for result in results for line in _usage(result, date)]
        yield from rows(made, PROVIDER, USAGE, account, date.isoformat())
    else:
        raise Unusable(f"results are {', '.join(sorted(kinds))}, not {COSTS} or {COMPLETIONS}")


def _day(entry: dict[str, Any]) -> dt.date:
    start, end = (_second(entry.get(name), name) for name in ("start_time", "end_time"))
    if start % A_DAY or end - start != A_DAY:
        raise Unusable("start_time and end_time are not one day of UTC: ask for whole days (bucket_width=1d)")
    return dt.date(1970, 1, 1) + dt.timedelta(days=start // A_DAY)


def _second(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LATEST:
        raise Unusable(f"{name} is no second since 1970")
    return value


def _cost(result: dict[str, Any], date: dt.date) -> Line:
    amount = object_of(result.get("amount"), "amount")
    value = nano(amount.get("value"), "amount.value")
    item = text(result.get("line_item"), "line_item")
    model, _, kind = (item or "").partition(", ")
    count = result.get("quantity")
    return Line(
        PROVIDER,
        COST,
        date,
        product=kind or item,
        model_name=model if kind else None,
        quantity=None if count is None else quantity(count, "quantity"),
        gross_nano=value,
        discount_nano=0,
        net_nano=value,
        currency=(text(amount.get("currency"), "amount.currency") or "USD").upper(),
        workspace_id=text(result.get("project_id"), "project_id"),
        api_key_id=text(result.get("api_key_id"), "api_key_id"),
    )


def _usage(result: dict[str, Any], date: dt.date) -> Iterator[Line]:
    cached = quantity(result.get("input_cached_tokens") or 0, "input_cached_tokens")
    counts = {
        "input": quantity(result.get("input_tokens") or 0, "input_tokens") - cached,  # which it includes
        "cached input": cached,
        "output": quantity(result.get("output_tokens") or 0, "output_tokens"),
    }
    if counts["input"] < 0:
        raise Unusable("input_cached_tokens are more than input_tokens, which include them")
    yield from usage_lines(
        PROVIDER,
        date,
        counts,
        "tokens",
        model_name=text(result.get("model"), "model"),
        developer_id=person(result.get("user_id"), "user_id"),
        workspace_id=text(result.get("project_id"), "project_id"),
        api_key_id=text(result.get("api_key_id"), "api_key_id"),
    )
