"""Cursor's Admin API: usage events with what each was charged; the same of its dashboard, as CSV.

https://cursor.com/docs/account/teams/admin-api: `chargedCents` is the model's cost and Cursor's fee; where
`isChargeable` is false the plan includes it. Amounts are cents. `/teams/spend` adds up a cycle of a
subscription, and tells no days. Read on 2026-11-30.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pipeline.ingest.billing.lines import (
    COST,
    Line,
    Unusable,
    WithoutLines,
    decimal,
    given,
    instant,
    nano,
    object_of,
    person,
    quantity,
    rows,
    text,
)

PROVIDER = "cursor"
LOOKED_FOR = "Cursor's usage events (JSON or CSV)"
PAGES = ("usageEvents", "usageEventsDisplay")
COLUMNS = {"date", "kind", "model", "total_tokens", "cost"}
CENTS = 2
# As both write it: Usage-based, On-Demand, USAGE_EVENT_KIND_USAGE_BASED.
CHARGED = ("usage_based", "on_demand", "usage_event_kind_usage_based")
TOKENS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")


def is_entry(entry: dict[str, Any]) -> bool:
    """Whether an object is a usage event, or a page of members' spending."""
    return "teamMemberSpend" in entry or ("timestamp" in entry and "kind" in entry and "model" in entry)


def entry_rows(entry: dict[str, Any], account: str | None) -> Iterator[dict[str, Any]]:
    """The row of raw.billing of an event: a scope of its own, as pages may begin within a day.

    Raises:
        WithoutLines: it tells what a cycle has cost so far.
        Unusable: its values make no sense.
    """
    if "teamMemberSpend" in entry:
        raise WithoutLines(
            "holds what members have spent in a cycle, and not on which day:"
            " ask for /teams/filtered-usage-events"
        )
    usage = object_of(entry.get("tokenUsage") or {}, "tokenUsage")
    charged, cost = given(entry.get("chargedCents")), given(usage.get("totalCents"))
    gross = None
    if charged is not None:
        gross = nano(charged, "chargedCents", CENTS)
    elif cost is not None:
        fee = nano(entry.get("cursorTokenFee") or 0, "cursorTokenFee", CENTS)
        gross = nano(cost, "tokenUsage.totalCents", CENTS) + fee
    kind = text(entry["kind"], "kind")
    is_charged = entry.get("isChargeable")
    yield from _row(
        _moment(entry["timestamp"]),
        account,
        who=person(entry.get("userEmail"), "userEmail"),
        kind=kind,
        model=text(entry["model"], "model"),
        tokens=sum(quantity(usage.get(name) or 0, name) for name in TOKENS),
        gross=gross,
        is_charged=is_charged if isinstance(is_charged, bool) else _is_charged(kind),
    )


def is_table(columns: Collection[str]) -> bool:
    """Whether a table with these columns is the dashboard's export."""
    return {*columns} >= COLUMNS


def table_row(row: Mapping[str, Any], account: str | None) -> Iterator[dict[str, Any]]:
    """The row of raw.billing of a line of the export.

    Raises:
        Unusable: its values make no sense.
    """
    kind, cost = text(row["kind"], "Kind"), (row["cost"] or "").strip().removeprefix("$")
    yield from _row(
        _moment(row["date"]),
        account,
        who=person(row.get("user"), "User"),
        kind=kind,
        model=text(row["model"], "Model"),
        tokens=quantity((row["total_tokens"] or "0").replace(",", ""), "Total Tokens"),
        # Where there is no price stands a word, such as Included.
        gross=nano(cost.replace(",", ""), "Cost") if cost[:1].isdigit() else None,
        is_charged=_is_charged(kind),
    )


def _row(
    moment: dt.datetime,
    account: str | None,
    *,
    who: str | None,
    kind: str | None,
    model: str | None,
    tokens: float,
    gross: int | None,
    is_charged: bool,
) -> Iterator[dict[str, Any]]:
    net = None if gross is None else gross if is_charged else 0
    line = Line(
        PROVIDER,
        COST,
        moment.date(),
        product=kind,
        model_name=model,
        unit="tokens",
        quantity=tokens,
        gross_nano=gross,
        discount_nano=None if gross is None or net is None else gross - net,
        net_nano=net,
        currency=None if gross is None else "USD",
        developer_id=who,
    )
    told = moment.isoformat(timespec="milliseconds"), who, model, str(tokens)
    return rows([line], PROVIDER, COST, account, *told)


def _is_charged(kind: str | None) -> bool:
    return "_".join((kind or "").lower().replace("-", " ").split()) in CHARGED


def _moment(value: Any) -> dt.datetime:
    """From milliseconds since 1970, as text or number, or from a written moment."""
    if isinstance(value, str) and not value.isdigit():
        return instant(value, "timestamp")
    milliseconds = decimal(value, "timestamp")
    if not 0 <= milliseconds < 7_258_118_400_000:  # 2200
        raise Unusable("timestamp is no millisecond since 1970")
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=int(milliseconds))
