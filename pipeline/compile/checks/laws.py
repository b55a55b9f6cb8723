"""The conservation laws: what must hold across tables, audited in every build.

1. Tokens of each kind are the same in usage, sessions (with what has no session), days and mart.
2. So is the cost, and the running totals end at it.
3. The shares of a session's commits add up to the session.
4. The commits of the mart are those of the raw table inside the window.

(That every developer and agent of a fact is in its dimension is said by the facts' references.)

Beside them stands one that only warns: no month costs more than its budget.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import _

from pipeline.compile.checks.contract_checks import configured
from pipeline.models.operations import as_of
from pipeline.plan import Check

TOKENS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")

# Sums of floats differ in their last digits from order to order.
RELATIVE = 1e-6
ABSOLUTE = 1e-9

NANO = 1e9


@dataclass(frozen=True)
class Law:
    """One law, as the rows that break it.

    Attributes:
        table: the last table that it needs; its audit is listed there.
        name: of the audit.
        columns: the columns of `table` that it looks at.
        description: the sentence that holds.
        needs: models and seeds that it looks at.
        broken: the rows that break it.
        severity: error or warn.
    """

    table: str
    name: str
    columns: tuple[str, ...]
    description: str
    needs: tuple[str, ...]
    broken: Callable[[Callable[[str], ir.Table]], ir.Table]
    severity: str = "error"


def law_audits(
    table_of: Callable[[str], ir.Table],
    known: Collection[str],
    sql: Callable[[ir.Table], str],
    time_drift: Callable[[ir.Table], str],
    *,
    window_days: int,
    severities: Mapping[str, str] | None = None,
) -> dict[str, list[Check]]:
    """The laws as audits, by the table that they are listed at.

    Args:
        table_of: an unbound table by the name that models have for it.
        known: the models and seeds that there are; a law about others is left out.
        sql: an expression as SQL of the target, raw tables read as they are.
        time_drift: the query that tells whether time alone changes the rows of an expression.
        window_days: how many days of commits are kept.
        severities: the configuration's `severity`.
    """
    found: dict[str, list[Check]] = {}
    for law in laws(window_days):
        if not set(law.needs) <= set(known):
            continue
        broken = law.broken(table_of)
        check = Check(
            name=law.name,
            kind="law",
            columns=list(law.columns),
            description=law.description,
            severity=law.severity,
            sql=f"({sql(broken.agg(broken=broken.count()))})",
            failing_rows_sql=sql(broken),
            needs=list(law.needs),
            time_drift=time_drift(broken),
        )
        found.setdefault(law.table, []).append(configured(check, law.table, severities or {}))
    return found


def laws(window_days: int) -> list[Law]:
    """Every law."""
    return [
        *(_same_tokens(kind) for kind in TOKENS),
        Law(
            table="fct_agent_costs",
            name="same_cost",
            columns=("daily_cost_usd", "cumulative_cost_usd"),
            description=(
                "Sessions and what has no session cost as much as all days together, "
                "and the running totals end there."
            ),
            needs=(
                "int_usage_costs",
                "int_sessions_with_costs",
                "int_agent_daily_aggregates",
                "fct_agent_costs",
            ),
            broken=_cost_differs,
        ),
        Law(
            table="int_commits_with_agent_context",
            name="shares_add_up",
            columns=("allocated_cost_usd", "allocated_tokens"),
            description="The shares of a session's commits add up to its cost and its tokens.",
            needs=("int_sessions_with_costs", "int_commits_with_agent_context"),
            broken=_shares_differ,
        ),
        Law(
            table="fct_git_commits",
            name="same_commits",
            columns=("commit_hash",),
            description=(f"There is exactly one row for each commit of the last {window_days} days in raw."),
            needs=("fct_git_commits",),
            broken=lambda table_of: _commits_differ(table_of, window_days),
        ),
        Law(
            table="fct_agent_costs",
            name="inside_budget",
            columns=("daily_cost_usd",),
            description="No month costs more than its budget in seeds/budgets.csv.",
            needs=("fct_agent_costs", "budgets"),
            broken=_over_budget,
            severity="warn",
        ),
    ]


def _same_tokens(kind: str) -> Law:
    def broken(table_of: Callable[[str], ir.Table]) -> ir.Table:
        usage = table_of("stg_agent_token_usage")[f"total_{kind}", "session_id"]
        sums = _side_by_side(
            usage.agg(
                usage=usage[f"total_{kind}"].sum(),
                sessionless=usage[f"total_{kind}"].sum(where=usage.session_id.isnull()),
            ),
            _sum(table_of("int_sessions_with_costs"), kind, "sessions"),
            _sum(table_of("int_agent_daily_aggregates"), f"total_{kind}", "days"),
            _sum(table_of("fct_daily_agent_usage"), f"total_{kind}", "mart"),
        )
        return sums.filter(
            (_.usage != _.sessions + _.sessionless) | (_.usage != _.days) | (_.usage != _.mart)
        )

    words = kind.replace("_", " ")
    return Law(
        table="fct_daily_agent_usage",
        name=f"same_{kind}",
        columns=(f"total_{kind}",),
        description=f"The {words} of all usage are those of sessions (with what has none) and days.",
        needs=(
            "stg_agent_token_usage",
            "int_sessions_with_costs",
            "int_agent_daily_aggregates",
            "fct_daily_agent_usage",
        ),
        broken=broken,
    )


def _cost_differs(table_of: Callable[[str], ir.Table]) -> ir.Table:
    usage = table_of("int_usage_costs")
    costs = table_of("fct_agent_costs")
    last = costs.group_by("developer_id", "agent_type").agg(
        cumulative=costs.cumulative_cost_usd.argmax(costs.date)
    )
    sessionless = usage.cost_nano_usd.sum(where=usage.session_id.isnull()).cast("float64") / NANO
    sums = _side_by_side(
        usage.agg(sessionless=sessionless),
        _sum(table_of("int_sessions_with_costs"), "session_cost_usd", "sessions"),
        _sum(table_of("int_agent_daily_aggregates"), "total_cost_usd", "days"),
        _sum(costs, "daily_cost_usd", "costs"),
        _sum(last, "cumulative", "cumulative"),
    )
    return sums.filter(
        _differs(sums.days, sums.sessions + sums.sessionless)
        | _differs(sums.days, sums.costs)
        | _differs(sums.days, sums.cumulative)
    )


def _shares_differ(table_of: Callable[[str], ir.Table]) -> ir.Table:
    commits = table_of("int_commits_with_agent_context")
    sessions = table_of("int_sessions_with_costs").select("session_id", "session_cost_usd", "total_tokens")
    shares = (
        commits.filter(_.agent_session_id.notnull())
        .group_by(session_id="agent_session_id")
        .agg(shares_usd=_.allocated_cost_usd.sum(), shares_tokens=_.allocated_tokens.sum())
    )
    both = shares.inner_join(sessions, "session_id")
    return both.filter(
        _differs(both.shares_usd, both.session_cost_usd)
        | _differs(both.shares_tokens, both.total_tokens)
        | (both.shares_usd.isnull() != both.session_cost_usd.isnull())
        | (both.shares_tokens.isnull() != both.total_tokens.isnull())
    )


def _commits_differ(table_of: Callable[[str], ir.Table], window_days: int) -> ir.Table:
    raw, mart = table_of("raw_git_commits"), table_of("fct_git_commits")
    since = as_of() - ibis.interval(hours=24 * window_days)
    expected = (
        raw.filter(raw.commit_timestamp >= since, raw.commit_hash.notnull())
        .select(commit_hash=_.commit_hash.lower())
        .distinct()
    )
    there = mart.select("commit_hash")
    missing = expected.anti_join(there, "commit_hash").mutate(problem=ibis.literal("missing"))
    surplus = there.anti_join(expected, "commit_hash").mutate(problem=ibis.literal("not in raw"))
    return missing.union(surplus)


def _over_budget(table_of: Callable[[str], ir.Table]) -> ir.Table:
    budgets = table_of("budgets").mutate(month=_first_of_month(_.month))
    costs = table_of("fct_agent_costs")
    scopes = (
        ibis.literal("all"),
        ibis.literal("developer:").concat(costs.developer_id),
        ibis.literal("agent:").concat(costs.agent_type),
    )
    spent = ibis.union(
        *(
            costs.select(scope=scope, month=_first_of_month(costs.date), usd=costs.daily_cost_usd)
            .group_by("scope", "month")
            .agg(spent_usd=_.usd.sum())
            for scope in scopes
        )
    )
    return budgets.inner_join(spent, ["scope", "month"]).filter(
        (_.spent_usd > _.budget_usd) & _differs(_.spent_usd, _.budget_usd)
    )


def _first_of_month(day: ir.DateValue) -> ir.DateValue:
    """As a date on every engine: DuckDB truncates one to a timestamp."""
    return ibis.date(day.year(), day.month(), 1)


def _sum(table: ir.Table, column: str, name: str) -> ir.Table:
    return table.agg(**{name: table[column].sum()})


def _side_by_side(*rows: ir.Table) -> ir.Table:
    """Tables of one row each as one row; the sum of nothing is 0."""
    first, *others = rows
    for other in others:
        first = first.cross_join(other)
    return first.select(**{name: first[name].coalesce(0) for name in first.columns})


def _differs(left: ir.NumericValue, right: ir.NumericValue) -> ir.BooleanValue:
    left, right = left.cast("float64"), right.cast("float64")
    size = ibis.greatest(left.abs(), right.abs())
    return (left - right).abs() > RELATIVE * size + ABSOLUTE
