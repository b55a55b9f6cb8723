"""The rows that a seed is loaded with: those of its files, without people who may not be named."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.engines import meta
from pipeline.engines.base import Engine
from pipeline.engines.forgotten import Forgotten
from pipeline.plan import PlanTable
from pipeline.seeds import csv_files

if TYPE_CHECKING:
    from pipeline.privacy.pseudonyms import Pseudonyms

# Seeds that name people; of those who were forgotten no row is loaded, but for what they only own.
PEOPLE = ("identities", "budgets", "projects", "seats", "teams")


def seed_rows(
    engine: Engine,
    table: PlanTable,
    project_dir: Path,
    pseudonyms: "Pseudonyms | None",
    there: meta.Shapes,
) -> list[tuple[Any, ...]]:
    """Rows in the order of the seed's columns.

    Args:
        engine: an open database, which knows who was forgotten.
        table: the seed as planned.
        project_dir: the folder whose `seeds/*.csv` extend the packaged seeds.
        pseudonyms: what stands for people.
        there: the shapes of the database's schema `meta`.

    Raises:
        ConfigError: a file cannot be read as the seed's contract says.
    """
    names = [column.name for column in table.columns]
    rows = csv_files.rows(table, project_dir)
    if pseudonyms:
        rows = pseudonyms.rows.seed(names, rows, table.key)
    if table.name in PEOPLE and rows:
        owner = names.index("owner") if "owner" in names else None
        rows = Forgotten.of(engine, there).of_people(rows, owner)
    return rows


def seed_fingerprint(table: PlanTable, project_dir: Path, pseudonyms: "Pseudonyms | None") -> str:
    """A text that changes whenever those rows may have changed."""
    return csv_files.fingerprint(table, project_dir) + (pseudonyms.check if pseudonyms else "")
