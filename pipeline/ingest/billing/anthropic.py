"""Anthropic's Admin API: the cost report, and the usage reports of messages and of Claude Code.

https://platform.claude.com/docs/en/api/resources/admin/subresources/usage_and_cost (amounts are decimal text
in the smallest unit of the currency: "123.45" in USD is $1.23) and
https://platform.claude.com/docs/en/api/admin-api/claude-code/get-claude-code-usage-report (estimated cost in
cents, per person and UTC day). Read on 2026-11-30.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from pipeline.ingest.billing.lines import (
    COST,
    ESTIMATE,
    USAGE,
    Line,
    Unusable,
    WithoutLines,
    day,
    nano,
    object_of,
    objects,
    one_day,
    person,
    quantity,
    rows,
    text,
    usage_lines,
)

PROVIDER = "anthropic"
LOOKED_FOR = "Anthropic's cost_report, usage_report/messages and usage_report/claude_code (JSON)"
CENTS = 2
TOKENS = ("uncached_input_tokens", "cache_read_input_tokens", "output_tokens")
SEARCHES = "web_search_requests"
CACHE_WRITES = ("ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens")


def is_entry(entry: dict[str, Any]) -> bool:
    """Whether an object is a day of a cost or usage report, or a record of Claude Code's."""
    return ("starting_at" in entry and "results" in entry) or ("actor" in entry and "customer_type" in entry)


def entry_rows(entry: dict[str, Any], account: str | None) -> Iterator[dict[str, Any]]:
    """Rows of raw.billing, of a day's bucket or of a record of Claude Code's.

    Raises:
        Unusable: its values make no sense.
    """
    if "actor" in entry:
        yield from _claude_code(entry)
        return
    date = one_day(
        day(entry["starting_at"], "starting_at"), day(entry.get("ending_at"), "ending_at"), "ending_at"
    )
    results = objects(entry["results"], "results")
    if not results:
        raise WithoutLines("holds days without costs or usage")
    report = COST if "amount" in results[0] else USAGE
    made = [
        line
        for result in results
        for line in ([_cost(result, date)] if report == COST else _usage(result, date))
    ]
    yield from rows(made, PROVIDER, report, account, date.isoformat())


def _cost(result: dict[str, Any], date: dt.date) -> Line:
    amount = nano(result.get("amount"), "amount", CENTS)
    return Line(
        PROVIDER,
        COST,
        date,
        product=text(result.get("token_type"), "token_type")
        or text(result.get("cost_type"), "cost_type")
        or text(result.get("description"), "description"),
        model_name=text(result.get("model"), "model"),
        gross_nano=amount,
        discount_nano=0,
        net_nano=amount,
        currency=(text(result.get("currency"), "currency") or "USD").upper(),
        workspace_id=text(result.get("workspace_id"), "workspace_id"),
    )


def _usage(result: dict[str, Any], date: dt.date) -> Iterator[Line]:
    if "uncached_input_tokens" not in result:
        raise Unusable("results hold neither an amount nor uncached_input_tokens")
    writes = object_of(result.get("cache_creation") or {}, "cache_creation")
    tools = object_of(result.get("server_tool_use") or {}, "server_tool_use")
    tokens = {name: result.get(name) for name in TOKENS} | {name: writes.get(name) for name in CACHE_WRITES}
    searches = {SEARCHES: tools.get(SEARCHES)}
    who = {
        "model_name": text(result.get("model"), "model"),
        "workspace_id": text(result.get("workspace_id"), "workspace_id"),
        "api_key_id": text(result.get("api_key_id"), "api_key_id"),
    }
    for unit, counts in {"tokens": tokens, "requests": searches}.items():
        told = {name: quantity(count or 0, name) for name, count in counts.items()}
        yield from usage_lines(PROVIDER, date, told, unit, **who)


def _claude_code(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A person's day with Claude Code: what it would cost by the API, unless a subscription covers it."""
    actor = object_of(entry["actor"], "actor")
    date = day(entry.get("date"), "date")
    organization = text(entry.get("organization_id"), "organization_id")
    customer = text(entry["customer_type"], "customer_type")
    developer_id = person(actor.get("email_address"), "email_address")
    api_key_id = text(actor.get("api_key_name"), "api_key_name")
    made = []
    for part in objects(entry.get("model_breakdown"), "model_breakdown"):
        tokens = object_of(part.get("tokens") or {}, "tokens")
        cost = object_of(part.get("estimated_cost") or {}, "estimated_cost")
        money: dict[str, Any] = {}
        if customer == "api" and cost:
            amount = nano(cost.get("amount"), "estimated_cost.amount", CENTS)
            money = {"gross_nano": amount, "discount_nano": 0, "net_nano": amount}
            money["currency"] = (text(cost.get("currency"), "currency") or "USD").upper()
        made.append(
            Line(
                PROVIDER,
                ESTIMATE,
                date,
                product=f"claude_code_{customer}",
                model_name=text(part.get("model"), "model"),
                unit="tokens",
                quantity=sum(quantity(count, name) for name, count in tokens.items()),
                developer_id=developer_id,
                api_key_id=api_key_id,
                organization=organization,
                **money,
            )
        )
    if not made:
        raise WithoutLines("holds people's days without a model")
    names = (developer_id, api_key_id, customer, text(entry.get("terminal_type"), "terminal"))
    yield from rows(made, PROVIDER, ESTIMATE, organization, date.isoformat(), *names)
