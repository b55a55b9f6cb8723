"""`manifest.json`: what there is to build, to test and to read.

Models, seeds and raw tables with their columns; checks as tests (those that dbt has itself under its own
names); pages as exposures.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pipeline.outputs.artifacts.ids import (
    ADAPTERS,
    PACKAGE,
    check_id,
    check_name,
    database_of,
    metadata,
    table_id,
)
from pipeline.outputs.artifacts.state import DEFINITION, STATE, state_of
from pipeline.plan import Check, Plan, PlanTable
from pipeline.plan.layers import MARTS, RAW
from pipeline.plan.render import quote

VERSION = 12
Node = dict[str, Any]

PAGES = {
    "dashboard": ("dashboard", "What agents cost, who uses them and what comes of it."),
    "report": ("analysis", "The validation report of the last run."),
}


def manifest(
    plan: Plan, *, url: str, now: dt.datetime, invocation_id: str, definitions: Mapping[str, str]
) -> Node:
    """The whole document.

    Args:
        plan: of the project, for its database.
        definitions: of its tables, as `state` has them.
        url: of the database; no secret of it is written.
        now: when it is written.
        invocation_id: the same in all that one command writes.
    """
    database = database_of(url, plan)
    tables = list(plan.tables.values())
    nodes = {table_id(table): _node(plan, table, database) for table in tables if table.kind != "source"}
    nodes |= {
        check_id(table, check): _test(plan, table, check, database)
        for table in tables
        for check in table.checks
    }
    sources = {table_id(table): _source(plan, table, database) for table in tables if table.kind == "source"}
    exposures = {f"exposure.{PACKAGE}.{name}": _exposure(plan, name) for name in PAGES}
    parents = {name: node["depends_on"].get("nodes", []) for name, node in (nodes | exposures).items()}
    parents |= {name: [] for name in sources}
    children: dict[str, list[str]] = {name: [] for name in parents}
    for name, reads in parents.items():
        for read in reads:
            children[read].append(name)
    for table in tables:
        told = definitions[table.name]
        if table.kind == "source":
            sources[table_id(table)]["meta"] = {DEFINITION: told}
        else:
            nodes[table_id(table)] |= {
                "meta": {DEFINITION: told},
                "checksum": {"name": "blake2b", "checksum": told},
            }
    head = metadata("manifest", VERSION, plan, now, invocation_id)
    head["env"][STATE] = state_of(definitions)
    head |= {
        "project_name": PACKAGE,
        "project_id": None,
        "user_id": None,
        "send_anonymous_usage_stats": False,
        "adapter_type": ADAPTERS[plan.dialect],
    }
    empty = ("macros", "docs", "metrics", "groups", "selectors", "disabled", "group_map", "saved_queries")
    return {
        "metadata": head,
        "nodes": nodes,
        "sources": sources,
        "exposures": exposures,
        **{name: {} for name in (*empty, "semantic_models", "unit_tests", "functions")},
        "parent_map": parents,
        "child_map": children,
    }


def _common(table: PlanTable, name: str) -> Node:
    return {
        "name": name,
        "package_name": PACKAGE,
        "path": table.path.rpartition(f"{table.layer}/")[2] or table.path,
        "original_file_path": table.path,
        "fqn": [PACKAGE, table.layer, name],
        "tags": table.tags,
        "meta": {},
        "description": table.description,
    }


def _columns(table: PlanTable) -> Node:
    return {
        column.name: {
            "name": column.name,
            "description": column.description,
            "data_type": column.native_type,
            "constraints": [] if column.nullable else [{"type": "not_null"}],
            "meta": {},
            "tags": [],
        }
        for column in table.columns
    }


def _relation(plan: Plan, table: PlanTable, database: str | None) -> str:
    """A table's full name, as dbt has it: with its database, where it has one."""
    parts = [database, table.schema, table.stored_name]
    return ".".join(quote(part, plan.dialect) for part in parts if part is not None)


def _compiled(plan: Plan, table: PlanTable, database: str | None) -> str:
    """A model's SQL with full names, as dbt has it."""
    sql = str(table.sql)
    for upstream in (plan.tables[name] for name in table.depends_on):
        sql = sql.replace(_relation(plan, upstream, None), _relation(plan, upstream, database))
    return sql


def _node(plan: Plan, table: PlanTable, database: str | None) -> Node:
    """A model or a seed."""
    is_model = table.kind == "model"
    materialized = table.materialized if is_model else "seed"
    upstreams = [plan.tables[name] for name in table.depends_on]
    node = _common(table, table.name) | {
        "unique_id": table_id(table),
        "resource_type": table.kind,
        "database": database,
        "schema": table.schema,
        "alias": table.name,
        "relation_name": _relation(plan, table, database),
        "config": {"enabled": True, "materialized": materialized, "schema": table.schema, "tags": table.tags},
        "columns": _columns(table),
        "depends_on": {"macros": []},
        "raw_code": table.sql or "",
    }
    if is_model:
        node |= {
            "depends_on": {"macros": [], "nodes": [table_id(upstream) for upstream in upstreams]},
            "language": "sql",
            "refs": [_ref(upstream) for upstream in upstreams if upstream.kind != "source"],
            "sources": [[RAW.name, up.stored_name] for up in upstreams if up.kind == "source"],
            "compiled": True,
            "compiled_code": _compiled(plan, table, database),
            "contract": {"enforced": True, "alias_types": True},
            "access": "public" if table.layer == MARTS.name else "protected",
            "primary_key": table.key,
        }
    return node


def _ref(table: PlanTable) -> Node:
    return {"name": table.name, "package": None, "version": None}


def _test(plan: Plan, table: PlanTable, check: Check, database: str | None) -> Node:
    """A check: one of dbt's generic tests where it is one, a singular test where it is a law."""
    looked_at = list(dict.fromkeys([table.name, *check.needs]))
    node = _common(table, check_name(table, check)) | {
        "unique_id": check_id(table, check),
        "resource_type": "test",
        "database": database,
        "schema": "audit",
        "alias": check_name(table, check),
        "description": check.description,
        "checksum": {"name": "none", "checksum": ""},
        "config": {"enabled": True, "materialized": "test", "severity": check.severity.upper(), "tags": []},
        "columns": {},
        "refs": [_ref(plan.tables[name]) for name in looked_at if plan.tables[name].kind != "source"],
        "sources": [[RAW.name, table.stored_name]] if table.kind == "source" else [],
        "depends_on": {"macros": [], "nodes": [table_id(plan.tables[name]) for name in looked_at]},
        "raw_code": check.failing_rows_sql or check.sql or "",
        "language": "sql",
    }
    if check.kind != "law":
        node |= {
            "attached_node": table_id(table),
            "column_name": check.columns[0] if len(check.columns) == 1 else None,
            "test_metadata": _generic(table, check),
        }
    return node


def _generic(table: PlanTable, check: Check) -> Node:
    """Which generic test a check is, and its arguments."""
    reads = (
        f"source('{RAW.name}', '{table.stored_name}')" if table.kind == "source" else f"ref('{table.name}')"
    )
    given: Node = {"model": f"{{{{ get_where_subquery({reads}) }}}}"}
    if len(check.columns) == 1:
        given["column_name"] = check.columns[0]
    match check.kind:
        case "unique" if len(check.columns) > 1:
            columns = {"combination_of_columns": check.columns}
            return {
                "name": "unique_combination_of_columns",
                "kwargs": given | columns,
                "namespace": "dbt_utils",
            }
        case "not_null" | "unique":
            return {"name": check.kind, "kwargs": given, "namespace": None}
        case "isin":
            return {
                "name": "accepted_values",
                "kwargs": given | {"values": check.values or []},
                "namespace": None,
            }
        case "reference":
            of = next(column.references for column in table.columns if column.name == check.columns[0])
            to, _, field = (of or "").partition(".")
            to_field = {"to": f"ref('{to}')", "field": field}
            return {"name": "relationships", "kwargs": given | to_field, "namespace": None}
        case _:
            return {"name": check.kind, "kwargs": given, "namespace": PACKAGE}


def _source(plan: Plan, table: PlanTable, database: str | None) -> Node:
    return _common(table, table.stored_name) | {
        "unique_id": table_id(table),
        "resource_type": "source",
        "database": database,
        "schema": table.schema,
        "identifier": table.stored_name,
        "source_name": RAW.name,
        "source_description": RAW.description,
        "loader": "aa-pipeline ingest",
        "relation_name": _relation(plan, table, database),
        "columns": _columns(table),
        "config": {"enabled": not table.missing},
        "freshness": None,
        "loaded_at_field": next((c.name for c in table.columns if c.name == "created_at"), None),
    }


def _exposure(plan: Plan, name: str) -> Node:
    """A page that is made of the marts."""
    kind, description = PAGES[name]
    marts = [table for table in plan.tables.values() if table.layer == MARTS.name]
    return {
        "unique_id": f"exposure.{PACKAGE}.{name}",
        "resource_type": "exposure",
        "name": name,
        "package_name": PACKAGE,
        "path": "pipeline/outputs",
        "original_file_path": "pipeline/outputs",
        "fqn": [PACKAGE, name],
        "type": kind,
        "owner": {"name": PACKAGE, "email": None},
        "description": description,
        "depends_on": {"macros": [], "nodes": [table_id(table) for table in marts]},
        "refs": [_ref(table) for table in marts],
    }
