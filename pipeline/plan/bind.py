"""From an unbound plan to the plan of one database.

What the compiler makes is *unbound*: it has placeholders for settings that only put a value into the SQL,
and reads raw tables as their contracts say. Binding fills these in and reads the raw tables as they are, in
milliseconds and without a compiler. So one unbound plan serves every database of its dialect, and those of
the shipped models come with the package.

Here and in `render` is all that edits SQL as text.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from textwrap import indent
from typing import Any

from pipeline.plan.check_settings import freshness, severities
from pipeline.plan.layers import RAW
from pipeline.plan.plan import Check, Plan, PlanTable
from pipeline.plan.raw_tables import RawTables, conform
from pipeline.plan.render import quote, quote_text

# What stands for a setting in an unbound plan. Models put it into expressions as they would the value.
TIMEZONE = "{{timezone}}"
INTERNAL_DOMAINS = ("{{internal_domains}}",)
WINDOW_DAYS = "{{window_days}}"
WINDOW_HOURS = "{{window_hours}}"
TIME_WINDOW_SECONDS = "{{time_window_seconds}}"

# What Ibis calls a table that stands alone in a query.
ALIAS = "t0"


def unbound_settings(settings: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    """The settings with placeholders in the place of what only puts a value into the SQL.

    DuckDB's SQL for UTC is another than that for any other zone, and so is that for no domains at all.
    """
    keeps_zone = dialect == "duckdb" and settings["timezone"] == "UTC"
    return {
        **settings,
        "timezone": "UTC" if keeps_zone else TIMEZONE,
        "internal_domains": [*INTERNAL_DOMAINS] if settings["internal_domains"] else [],
        "project_attributes": [*settings["project_attributes"]],
    }


def bind(
    plan: Plan,
    settings: Mapping[str, Any],
    checks: Mapping[str, Any],
    shapes: Mapping[str, Mapping[str, str]] | None,
    fingerprint: str = "",
) -> Plan:
    """The plan for a database.

    Args:
        plan: an unbound one, compiled with the `unbound_settings` of these settings.
        settings: those that models may take.
        checks: those that checks depend on, `severity` and `freshness`.
        shapes: the raw tables as a database has them, table → column → native type;
            None stands for tables exactly like their contracts.
        fingerprint: what the plan is valid for; that of its content if empty.

    Raises:
        TargetError: a raw table of the database cannot be understood.
        ConfigError: a severity is not understood.
    """
    sources = [table for table in plan.tables.values() if table.kind == "source"]
    raw = RawTables() if shapes is None else conform(sources, shapes, plan.dialect)
    # Texts come last: they are what somebody wrote, and may look like a placeholder.
    values = {
        WINDOW_DAYS: str(settings["window_days"]),
        WINDOW_HOURS: str(24 * settings["window_days"]),
        TIME_WINDOW_SECONDS: str(settings["time_window_seconds"]),
        quote_text(TIMEZONE, plan.dialect): quote_text(settings["timezone"], plan.dialect),
    }
    if settings["internal_domains"]:
        (placeholder,) = INTERNAL_DOMAINS
        domains = (quote_text(domain, plan.dialect) for domain in sorted(settings["internal_domains"]))
        values[quote_text(placeholder, plan.dialect)] = ", ".join(domains)

    def model_sql(sql: str) -> str:
        return _fill_in(_read_raw(sql, raw.queries, plan.dialect), values)

    tables = []
    for table in severities(plan.tables.values(), checks["severity"]):
        if table.kind == "source":
            table = freshness(table, checks["freshness"].get(table.stored_name))
        table = replace(table, definition=_definition(table, values))
        if table.kind == "source" and table.stored_name in raw.queries:
            table = _source(table, raw)
        elif table.kind == "model":
            table = _model(table, model_sql)
        tables.append(table)
    by_name = _fingerprinted(tables, raw)
    lists = {name: list(settings[name]) for name in ("internal_domains", "project_attributes")}
    bound = {**settings, **lists}
    return replace(
        plan,
        fingerprint=fingerprint or _hash(repr((plan.dialect, bound, [*by_name.values()]))),
        settings=bound,
        tables=by_name,
        warnings=raw.warnings,
    )


def _source(table: PlanTable, raw: RawTables) -> PlanTable:
    """A raw table that is not as its contract says."""
    relation = f"({raw.queries[table.stored_name]}) AS {ALIAS}"

    def read(sql: str) -> str:
        return sql.replace(table.relation or "", relation)

    return replace(
        table,
        relation=relation,
        reads=raw.reads[table.stored_name],
        missing=table.name in raw.missing,
        checks=[_check(check, read) for check in table.checks],
    )


def _model(table: PlanTable, bound: Callable[[str], str]) -> PlanTable:
    return replace(
        table,
        sql=table.sql and bound(table.sql),
        time_drift=bound(table.time_drift),
        moved=bound(table.moved),
        checks=[_check(check, bound) for check in table.checks],
    )


def _check(check: Check, bound: Callable[[str], str]) -> Check:
    return replace(
        check,
        sql=check.sql and bound(check.sql),
        failing_rows_sql=check.failing_rows_sql and bound(check.failing_rows_sql),
        time_drift=bound(check.time_drift),
    )


def _read_raw(sql: str, queries: Mapping[str, str], dialect: str) -> str:
    """A query that reads conforming subqueries in the place of raw tables."""
    if not queries:
        return sql
    schema = quote(RAW.schema, dialect)
    names = {f"{schema}.{quote(stored, dialect)}": query for stored, query in queries.items()}
    if schema not in sql:
        return sql
    found = re.compile(f"({'|'.join(map(re.escape, names))})(?= AS )")
    lines = []
    for line in sql.split("\n"):
        margin = line[: len(line) - len(line.lstrip())]

        def subquery(name: re.Match[str], margin: str = margin) -> str:
            return f"(\n{indent(names[name[0]], margin + '  ')}\n{margin})"

        lines.append(found.sub(subquery, line))
    return "\n".join(lines)


def _fill_in(sql: str, values: Mapping[str, str]) -> str:
    if "{{" in sql:
        for placeholder, value in values.items():
            sql = sql.replace(placeholder, value)
    return sql


def _definition(table: PlanTable, values: Mapping[str, str]) -> str:
    """What stands for an unbound table itself: nothing of what it is made of, or of the database."""
    texts = [table.sql or "", *(check.sql or "" for check in table.checks)]
    settings = [value for name, value in values.items() if any(name in text for text in texts)]
    columns = [(c.name, c.native_type, c.nullable, c.references) for c in table.columns]
    checks = [(c.name, c.severity, c.tolerance) for c in table.checks]
    how = (table.kind, table.schema, table.materialized, table.key)
    return _hash(*texts, repr((how, settings, columns, checks)))


def _fingerprinted(tables: Iterable[PlanTable], raw: RawTables) -> dict[str, PlanTable]:
    """Tables in dependency order, whose fingerprints stand for what they are made of as well."""
    found: dict[str, PlanTable] = {}
    for table in tables:
        own = _hash(
            table.sql or raw.queries.get(table.stored_name, ""),
            table.materialized if table.kind == "model" else "",
            *(f"{column.name} {column.native_type}" for column in table.columns),
        )
        upstreams = (found[name].fingerprint for name in table.depends_on)
        found[table.name] = replace(table, fingerprint=_hash(own, *upstreams))
    return found


def _hash(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
