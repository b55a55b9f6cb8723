"""How tables and checks are called in dbt's artifacts, and what stands at the head of each."""

import datetime as dt
import hashlib
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.plan import Check, Plan, PlanTable

PACKAGE = "aa_pipeline"
# Of dbt: readers look there which fields to expect. Ours stands in `env`.
DBT_VERSION = "1.11.0"
PLAN = "AA_PIPELINE_PLAN"

# dbt's word for an engine.
ADAPTERS = {"duckdb": "duckdb", "postgres": "postgres", "pyspark": "spark", "bigquery": "bigquery"}


def metadata(kind: str, version: int, plan: Plan, now: dt.datetime, invocation_id: str) -> dict[str, Any]:
    """The head of an artifact.

    Args:
        kind: manifest, run-results, catalog or sources.
        version: of its format.
        plan: of the project; its fingerprint says that the file is ours, and of which plan.
        now: when it is written.
        invocation_id: what ties together those that one command writes.
    """
    return {
        "dbt_schema_version": f"https://schemas.getdbt.com/dbt/{kind}/v{version}.json",
        "dbt_version": DBT_VERSION,
        "generated_at": now.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "invocation_id": invocation_id,
        "invocation_started_at": None,
        "env": {PLAN: plan.fingerprint, "AA_PIPELINE_VERSION": plan.version},
    }


def table_id(table: PlanTable) -> str:
    """`model.aa_pipeline.dim_agents`, `source.aa_pipeline.raw.otel_logs`."""
    if table.kind == "source":
        return f"source.{PACKAGE}.{table.schema}.{table.stored_name}"
    return f"{table.kind}.{PACKAGE}.{table.name}"


def check_name(table: PlanTable, check: Check) -> str:
    """What a check is called as a test: words only, and the table's."""
    words = "".join(char if char.isalnum() else "_" for char in check.name).strip("_")
    return f"{words}_{table.name}"


def check_id(table: PlanTable, check: Check) -> str:
    """`test.aa_pipeline.not_null_date_fct_agent_costs.0123456789`: a hash keeps like names apart."""
    told = hashlib.blake2b(f"{table.name} {check.name}".encode(), digest_size=5).hexdigest()
    return f"test.{PACKAGE}.{check_name(table, check)}.{told}"


def database_of(url: str, plan: Plan) -> str | None:
    """The name that the engine gives the database of a URL; None where it has none."""
    parts = urlsplit(url)
    last = unquote(parts.path.rstrip("/").rpartition("/")[2]) or unquote(parts.netloc.rpartition("@")[2])
    match plan.dialect:
        case "duckdb":
            return last.removesuffix(".duckdb").removesuffix(".db").strip(":") or "memory"
        case "pyspark":
            return None
        case "bigquery":
            return unquote(parts.netloc) or last
        case _:
            return last
