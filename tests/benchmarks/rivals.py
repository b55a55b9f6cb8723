"""The same SQL for other tools: each function writes a project and says how to run it.

A command, the folder to run it in, and variables for its environment.
"""

import json
import sys
from pathlib import Path
from typing import Any

Plan = list[dict[str, Any]]
Run = tuple[list[str], Path, dict[str, str]]

AS_OF = "2026-11-23 00:00:00+00:00"

# Every schema stands as it is named, instead of behind the target's.
SCHEMA_MACRO = "{% macro generate_schema_name(name, node) %}{{ name }}{% endmacro %}"


def models(plan: Plan) -> dict[str, dict[str, Any]]:
    """The models of a plan, in the order in which they are built, with the run's instant filled in."""
    return {
        table["name"]: table | {"sql": table["sql"].replace("{{as_of}}", AS_OF)}
        for table in plan
        if table["kind"] == "model"
    }


def bare(plan: Plan, database: Path, folder: Path) -> Run:
    """The driver alone: one transaction, every model a table, no audits, nothing written down."""
    folder.mkdir()
    statements = [
        f"CREATE OR REPLACE TABLE {table['schema']}.{name} AS {table['sql']}"
        for name, table in models(plan).items()
    ]
    (folder / "models.json").write_text(json.dumps(statements))
    schemas = sorted({table["schema"] for table in models(plan).values()})
    (folder / "build.py").write_text(
        "import duckdb, json\n"
        f"connection = duckdb.connect({str(database)!r})\n"
        "connection.execute(\"SET TimeZone = 'UTC'\")\n"
        "connection.execute('BEGIN')\n"
        + "".join(f"connection.execute('CREATE SCHEMA IF NOT EXISTS {schema}')\n" for schema in schemas)
        + "for statement in json.load(open('models.json')):\n"
        "    connection.execute(statement).fetchall()\n"
        "connection.execute('COMMIT')\n"
    )
    return [sys.executable, "build.py"], folder, {}


def _dbt_project(plan: Plan, database: Path, folder: Path, below: str) -> None:
    (folder / "models").mkdir(parents=True)
    (folder / "macros").mkdir()
    (folder / "macros" / "schema.sql").write_text(SCHEMA_MACRO)
    (folder / "dbt_project.yml").write_text(
        json.dumps({"name": "aa", "version": "1.0", "profile": "aa", "model-paths": ["models"]})
    )
    output = {"type": "duckdb", "path": str(database), "schema": "main", "threads": 4}
    output["settings"] = {"TimeZone": "UTC"}
    (folder / "profiles.yml").write_text(json.dumps({"aa": {"target": "dev", "outputs": {"dev": output}}}))
    contracts = []
    for name, table in models(plan).items():
        upstream = [other for other in table["depends_on"] if other in models(plan)]
        materialized = "table" if table["schema"] == "mart" else below
        header = f"{{{{ config(materialized='{materialized}', schema='{table['schema']}') }}}}\n"
        header += "".join(f"-- depends_on: {{{{ ref('{other}') }}}}\n" for other in upstream)
        # The SQL is final: nothing in it is a template.
        (folder / "models" / f"{name}.sql").write_text(
            header + "{% raw %}\n" + table["sql"] + "\n{% endraw %}\n"
        )
        if table["schema"] == "mart":
            columns = [
                {
                    "name": column["name"],
                    "tests": ["not_null"] + ["unique"] * (table["key"] == [column["name"]]),
                }
                for column in table["columns"]
                if not column["nullable"]
            ]
            contracts.append({"name": name, "columns": columns})
    (folder / "models" / "schema.yml").write_text(json.dumps({"version": 2, "models": contracts}))


def dbt(plan: Plan, database: Path, folder: Path, python: str, below: str) -> Run:
    """dbt-core with dbt-duckdb; staging and intermediate as `below`."""
    _dbt_project(plan, database, folder, below)
    command = [str(Path(python).with_name("dbt")), "build", "--profiles-dir", ".", "--quiet"]
    return command, folder, {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


def dbt2(plan: Plan, database: Path, folder: Path, executable: str, below: str) -> Run:
    """dbt v2, the Rust engine; staging and intermediate as `below`."""
    _dbt_project(plan, database, folder, below)
    return [executable, "build", "--profiles-dir", "."], folder, {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


def sqlmesh(plan: Plan, database: Path, folder: Path, python: str, below: str) -> Run:
    """SQLMesh: a plan that is applied; staging and intermediate as `below`."""
    (folder / "models").mkdir(parents=True)
    connection = {"type": "duckdb", "database": str(database)}
    (folder / "config.yaml").write_text(
        json.dumps(
            {
                "gateways": {"local": {"connection": connection}},
                "default_gateway": "local",
                "model_defaults": {"dialect": "duckdb"},
                "disable_anonymized_analytics": True,
            }
        )
    )
    for name, table in models(plan).items():
        kind = "FULL" if table["schema"] == "mart" or below == "table" else "VIEW"
        needed = [name for name in table["depends_on"] if name in models(plan)]
        depends = ", ".join(f"{models(plan)[other]['schema']}.{other}" for other in needed)
        header = f"MODEL (name {table['schema']}.{name}, kind {kind}, depends_on [{depends}]);\n"
        (folder / "models" / f"{name}.sql").write_text(header + table["sql"] + ";\n")
    command = [str(Path(python).with_name("sqlmesh")), "plan", "--auto-apply", "--no-prompts"]
    return command, folder, {"SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true"}
