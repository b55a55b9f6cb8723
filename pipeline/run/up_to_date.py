"""Whether a build would find nothing to do, asked without a trace: each build leaves rows in `meta`."""

from collections.abc import Iterable
from pathlib import Path

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.plan import Plan
from pipeline.plan.render import AS_OF
from pipeline.run.state import Standing, look_at, published
from pipeline.seeds import csv_files


def is_up_to_date(engine: Engine, plan: Plan, names: Iterable[str], project_dir: Path = Path()) -> bool:
    """Whether the last build of these tables, all that they read among them, would give the same now.

    Args:
        engine: an open database.
        plan: compiled for it.
        names: tables of the plan; if one of them is about the instant of the run, nobody knows.
        project_dir: the folder whose `seeds/*.csv` extend the packaged seeds.
    """
    standing = Standing(engine.kinds(), published(engine, engine.shapes(meta.SCHEMA)))
    for table in (plan.tables[name] for name in names):
        if table.missing:
            continue  # the plan would be another one if it had been there
        before = standing.before(table)
        if before is None or (before.command, before.plan_fingerprint) != ("build", plan.fingerprint):
            return False
        if table.kind == "model" and AS_OF in (table.sql or ""):
            return False
        if table.kind == "seed" and before.fingerprint != csv_files.fingerprint(table, project_dir):
            return False
        if table.kind == "source":
            is_table = standing.kinds[table.schema, table.stored_name] == "table"
            if look_at(engine, table, is_table, before.fingerprint).fingerprint != before.fingerprint:
                return False
    return True
