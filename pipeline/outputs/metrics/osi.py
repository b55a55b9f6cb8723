"""Metrics as a document of Apache Ossie, once the Open Semantic Interchange (OSI), for other tools to read.

Its format: core-spec/spec.md and osi-schema.json in https://github.com/apache/ossie, version 0.2.0.dev0. An
expression there is one statement over datasets, so it has no metrics that are more than that: shares of all
that is shown, counts of counts, figures of a month, and what needs both facts. The caller is told which.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pipeline.outputs.marts import ACTIVE, AGENTS, COMMITS, DEVELOPERS, PERSON, UNTOLD, USAGE
from pipeline.outputs.metrics.declared import ASSISTED, METRICS, Metric
from pipeline.outputs.metrics.expressions import Count, Expression, OfMonth, Ratio, Sum
from pipeline.plan import PlanColumn, PlanTable

VERSION = "0.2.0.dev0"
DATASETS = (USAGE, COMMITS, DEVELOPERS, AGENTS)

# Figures as columns; money and time in their own units.
_COLUMNS = {
    "sessions": "total_sessions",
    "micros": "total_duration_seconds",
    "input": "total_input_tokens",
    "output": "total_output_tokens",
    "creation": "total_cache_creation_tokens",
    "read": "total_cache_read_tokens",
    "nano": f"CASE WHEN {UNTOLD} THEN NULL ELSE total_cost_usd END",
    "unpriced": "unpriced_tokens",
    "edits_accepted": "edits_accepted",
    "edits_decided": "edits_accepted + edits_rejected",
    "acceptances": "copilot_acceptances",
    "suggestions": "copilot_suggestions",
}
_OF_COMMITS = {"commits": "1", "lines": "lines_changed", "nano": "cost_usd"}
_TYPES = {
    "string": "String",
    "boolean": "Boolean",
    "date": "Date",
    "int": "Integer",
    "float": "Float",
    "decimal": "Decimal",
    "timestamp": "DateTimeTz",
}
_UNITS = {"date": "Date", "count": "Integer", "tokens": "Integer"}


def osi_document(tables: Mapping[str, PlanTable]) -> tuple[dict[str, Any], list[str]]:
    """The document, and the names of the metrics that it cannot have.

    Args:
        tables: the tables of a plan, with the marts.
    """
    datasets = {name: tables[name] for name in DATASETS}
    columns = {name: {column.name for column in table.columns} for name, table in datasets.items()}
    told = {name: _expression(metric.expression, columns) for name, metric in METRICS.items()}
    model = {
        "name": "agent_analytics",
        "description": "What coding agents cost, who uses them and what comes of it.",
        "datasets": [_dataset(table) for table in datasets.values()],
        "relationships": [
            {
                "name": f"{table.name}_{column.name}",
                "from": table.name,
                "to": column.references.partition(".")[0],
                "from_columns": [column.name],
                "to_columns": [column.references.partition(".")[2]],
            }
            for table in datasets.values()
            for column in table.columns
            if column.references and column.references.partition(".")[0] in datasets
        ],
        "metrics": [_metric(name, METRICS[name], sql) for name, sql in told.items() if sql],
    }
    left_out = [name for name, sql in told.items() if not sql]
    return {"version": VERSION, "semantic_model": [model]}, left_out


def _dataset(table: PlanTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "source": f"{table.schema}.{table.stored_name}",
        "primary_key": table.key,
        "description": table.description,
        "fields": [_field(column) for column in table.columns],
    }


def _field(column: PlanColumn) -> dict[str, Any]:
    kind = next((name for start, name in _TYPES.items() if column.type.startswith(start)), "Opaque")
    dimension = {} if kind in ("Integer", "Float", "Decimal") else {"dimension": {"is_time": kind == "Date"}}
    return {
        "name": column.name,
        "expression": _ansi(column.name),
        **dimension,
        "datatype": kind,
        "description": column.description,
    }


def _metric(name: str, metric: Metric, sql: str) -> dict[str, Any]:
    ours = {"unit": metric.unit, "dimensions": metric.dimensions, "better": metric.better}
    return {
        "name": name,
        "expression": _ansi(sql),
        "description": metric.meaning,
        "datatype": _UNITS.get(metric.unit, "Float"),
        "ai_context": {"synonyms": [metric.label]},
        "custom_extensions": [{"vendor_name": "AA_PIPELINE", "data": json.dumps(ours)}],
    }


def _ansi(sql: str) -> dict[str, Any]:
    return {"dialects": [{"dialect": "ANSI_SQL", "expression": sql}]}


def _expression(expression: Expression, columns: Mapping[str, set[str]]) -> str | None:
    """A metric as one statement; None where it is more than that."""
    if isinstance(expression, Sum):
        return _sum(expression, columns)
    if isinstance(expression, OfMonth):
        return None
    if isinstance(expression, Ratio):
        if expression.of_all or expression.per_week:
            return None
        above = _expression(expression.above, columns)
        if expression.below == ASSISTED and expression.above.fact == "usage":
            # A law says that these are the same commits.
            below: str | None = f"SUM({USAGE}.agent_assisted_commits)"
        elif expression.below.fact != expression.above.fact:
            return None
        else:
            below = _expression(expression.below, columns)
        return above and below and f"{expression.times:.1f} * {above} / NULLIF({below}, 0)"
    if isinstance(expression, Count) and expression.several:
        return None
    active, person = _qualified(ACTIVE, columns, USAGE), _qualified(PERSON, columns, DEVELOPERS)
    if not isinstance(expression, Count):
        return f"MAX(CASE WHEN {active} AND {person} THEN {USAGE}.date END)"
    if expression.of == ("agent",):
        return f"COUNT(DISTINCT CASE WHEN {active} THEN {USAGE}.agent_type END)"
    who = f"{USAGE}.developer_id"
    if "day" in expression.of:
        who += f" || ' ' || CAST({USAGE}.date AS VARCHAR(10))"
    return f"COUNT(DISTINCT CASE WHEN {active} AND {person} THEN {who} END)"


def _sum(operand: Sum, columns: Mapping[str, set[str]]) -> str | None:
    if operand.fact == "usage":
        added = " + ".join(_COLUMNS[figure] for figure in operand.figures)
        sql = f"SUM({_qualified(added, columns, USAGE)})"
        return f"{sql} / 3600" if operand.figures == ("micros",) else sql
    if operand.origin not in (None, "agent"):
        return None  # whose a commit is, both facts tell
    added = _OF_COMMITS[operand.figures[0]]
    if operand.figures == ("commits",) and not operand.origin:
        return f"COUNT({COMMITS}.commit_hash)"
    if operand.origin:
        none = "" if operand.figures == ("nano",) else " ELSE 0"
        added = f"CASE WHEN is_agent_assisted THEN {added}{none} END"
    return f"SUM({_qualified(added, columns, COMMITS)})"


def _qualified(sql: str, columns: Mapping[str, set[str]], dataset: str) -> str:
    """SQL whose columns name their dataset, on one line."""
    words = re.compile(r"'[^']*'|\w+")
    return words.sub(
        lambda found: f"{dataset}.{found[0]}" if found[0] in columns[dataset] else found[0],
        " ".join(sql.split()),
    )
