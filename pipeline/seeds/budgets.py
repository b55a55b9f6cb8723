"""What may be spent: what is wrong with the rows of budgets.csv, taken together."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from pipeline.errors import ConfigError, did_you_mean

# Kinds of scopes, and what stands behind the colon.
KINDS = {
    "developer": "ID",
    "agent": "TYPE",
    "team": "NAME",
    "project": "ID",
    "cost_centre": "NAME",
}
YEARS = (1970, 2999)  # else a slip of the pen, after which the calendar of some engine ends
SCOPES = " or ".join(["all", *(f"{kind}:{name}" for kind, name in KINDS.items())])


class Budget(NamedTuple):
    """A row of the seed."""

    scope: str
    month: dt.date | None
    budget_usd: float
    period: str | None
    valid_from: dt.date | None
    valid_to: dt.date | None


class Span(NamedTuple):
    """Days for which a row holds, to `until` exclusive; None: for ever."""

    since: dt.date
    until: dt.date | None
    where: str


def refuse_wrong(rows: Iterable[tuple[str, Sequence[Any]]]) -> None:
    """Refuse scopes, numbers and days that mean nothing, and two budgets of one scope for the same days.

    Args:
        rows: where each row stands, and the row.

    Raises:
        ConfigError: says which row, and what to do.
    """
    spans: dict[tuple[str, str], list[Span]] = {}
    for where, row in rows:
        budget = Budget(*row)
        _refuse_scope(where, budget.scope)
        if budget.budget_usd < 0:
            raise ConfigError(f"{where}: budget_usd is {budget.budget_usd:g}. A budget is 0 or more.")
        if budget.period not in (None, "month", "year"):
            raise ConfigError(f"{where}: period is {budget.period!r}. It is month or year.")
        found = _span(where, budget)
        spans.setdefault((budget.scope, budget.period or "month"), []).append(found)
    for (scope, period), each in spans.items():
        each.sort(key=lambda span: span.since)
        for before, after in pairwise(each):
            if before.until is None or after.since < before.until:
                raise ConfigError(
                    f"{after.where}: the budget of {scope} for each {period} from {after.since} on overlaps"
                    f" that of {before.where}. End the earlier one, valid_to {after.since}, or remove one."
                )


def _refuse_scope(where: str, scope: str) -> None:
    kind, _, name = scope.partition(":")
    if scope == "all" or (kind in KINDS and name.strip()):
        return
    meant = "" if kind in KINDS else did_you_mean(kind, ["all", *KINDS])
    raise ConfigError(f"{where}: scope is {scope!r}. It is {SCOPES}.{meant}")


def _span(where: str, budget: Budget) -> Span:
    """The days of a row, which are those of whole months or years."""
    if (budget.month is None) == (budget.valid_from is None):
        raise ConfigError(
            f"{where}: a budget has either a month, and is for that one alone, or a valid_from, and is for"
            " each month or year from then on."
        )
    for given in (budget.month, budget.valid_from, budget.valid_to):
        if given and not YEARS[0] <= given.year <= YEARS[1]:
            raise ConfigError(f"{where}: {given} is no day of a budget. Years are {YEARS[0]} to {YEARS[1]}.")
    if budget.month:
        if budget.period == "year" or budget.valid_to:
            raise ConfigError(
                f"{where}: a budget of a month alone has neither a year nor a valid_to."
                " Write valid_from in place of month."
            )
        since = budget.month.replace(day=1)
        return Span(since, (since + dt.timedelta(days=31)).replace(day=1), where)
    since, until = budget.valid_from or dt.date.max, budget.valid_to  # one of month and valid_from is there
    for name, day in (("valid_from", since), ("valid_to", until)):
        if day and (day.day != 1 or (budget.period == "year" and day.month != 1)):
            first = "1 January" if budget.period == "year" else "the first day of a month"
            raise ConfigError(
                f"{where}: {name} is {day}. A budget for each period begins and ends on {first}."
            )
    if until and until <= since:
        raise ConfigError(
            f"{where}: valid_to {until} is not after valid_from {since}. It is the first day on which the"
            " budget no longer holds; leave it empty for one that goes on."
        )
    return Span(since, until, where)
