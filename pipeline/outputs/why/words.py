"""How amounts, rows and what they are summed up as read in a sentence."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Any

NANO = 1_000_000_000

# What one row of a table is, where its contract's first line is too long for a sentence.
NOUNS = {
    "stg_usage": "request",
    "stg_usage_records": "usage record",
    "stg_log_events": "event",
    "stg_thread_events": "event of a thread",
    "stg_metric_activity": "day of a metric",
    "stg_metric_series": "day of a metric series",
    "stg_agent_sessions": "session",
    "int_sessions_with_costs": "session",
    "int_usage_costs": "hour of usage",
    "fct_git_commits": "commit",
    "stg_git_commits": "commit",
    "int_commits_with_agent_context": "commit",
    "int_agent_daily_aggregates": "row of the day",
    "stg_copilot_metrics": "Copilot day",
    "stg_pull_requests": "pull request",
    "stg_pull_request_commits": "commit of a pull request",
    "int_pull_request_costs": "share of a session",
    "raw_otel_logs": "raw log record",
    "raw_otel_metrics": "raw metric point",
    "raw_otel_spans": "raw span",
    "raw_git_commits": "raw commit",
    "raw_copilot_metrics": "raw Copilot row",
    "raw_copilot_seats": "raw seat of Copilot",
    "raw_pull_requests": "raw reading of a pull request",
    "raw_pull_request_commits": "raw commit of a pull request",
    "raw_billing": "raw line of a bill",
    "raw_git_survival": "raw count of a commit's lines",
    "fct_code_survival": "count of a commit's lines",
    "stg_billing": "line of a bill",
    "stg_seats": "period of a seat",
    "fct_seats": "day of a seat",
}
# What rows are added up as, and what is said of those that bring nothing known.
MEASURES = {
    "reported_nano_usd": ("reported by the agent", "of which the agent reports no cost"),
    "computed_nano_usd": ("computed at the price of {days}", "whose model has no price of {days}"),
    "unpriced_tokens": ("with neither reported cost nor price", ""),
}


def amount(value: Any, column: str | None) -> str:
    """A number as people write it: dollars where the column holds money, however it counts it."""
    if value is None:
        return "NULL"
    if isinstance(value, Decimal):
        value = float(value)
    if column and column.endswith("nano_usd"):
        return dollars(value / NANO)
    if column and column.endswith("_usd"):
        return dollars(value)
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.6g}" if abs(value) < 1 else f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{int(value):,}"


def dollars(value: float) -> str:
    """US dollars; of less than a cent as many digits as tell something."""
    if value and abs(value) < 0.1:
        return f"${value:.6f}".rstrip("0")
    return f"${value:,.2f}"


def rows(count: int, table: str) -> str:
    """`4 requests`."""
    noun = NOUNS.get(table, f"row of {table}")
    if count == 1:
        return f"1 {noun}"
    word, of, rest = noun.partition(" of ")
    plural = word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeiou" else f"{word}s"
    return f"{count:,} {plural}{of}{rest}"


def measured(measure: str | None, days: Collection[dt.date], *, is_known: bool) -> str:
    """What rows are added up as: `computed at the price of 2026-11-03`."""
    if not days:
        when = "its day"
    else:
        first, last = min(days), max(days)
        when = f"{first}" if first == last else f"their days, {first} to {last}"
    known, unknown = MEASURES.get(measure or "", ("", ""))
    return (known if is_known else unknown).format(days=when)


def total(value: Any, column: str, parts: Collection[str]) -> str:
    """`$3.20 = 4 requests reported by the agent + 1 request computed at the price of 2026-11-03`."""
    return f"{amount(value, column)} = {' + '.join(parts)}"
