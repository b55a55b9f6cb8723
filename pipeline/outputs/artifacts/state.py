"""How a project was defined at an earlier time: what dbt calls a state, to select what has changed since.

A manifest tells of every table what stands for its definition: code, settings and contract, of a seed its
files; not what the table is made of, and not what the raw tables of the database look like. So what differs
is what somebody has changed, and `+` adds what that concerns.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import SelectionError
from pipeline.outputs.artifacts.ids import ADAPTERS, PLAN, table_id
from pipeline.plan import Plan
from pipeline.seeds import csv_files

MANIFEST = "manifest.json"
DEFINITION = "aa_pipeline_definition"  # among the `meta` of a node
STATE = "AA_PIPELINE_STATE"  # in the `env` of a manifest: of all its tables


@dataclass(frozen=True)
class State:
    """An earlier state of a project.

    Attributes:
        dialect: the engine whose SQL the definitions were made for.
        definitions: by what dbt calls a table.
        knows_seeds: whether those of seeds stand for the rows in their files.
    """

    dialect: str
    definitions: Mapping[str, str]
    knows_seeds: bool = True

    def changes(self, plan: Plan, project_dir: Path) -> dict[str, set[str]]:
        """The names of tables that are new since, and of those that are modified; what is new is both.

        Args:
            plan: of the project as it is now, for the same dialect.
            project_dir: the folder whose `seeds/*.csv` extend the packaged seeds.
        """
        now = definitions(plan, project_dir if self.knows_seeds else None)
        before = {name: self.definitions.get(table_id(plan.tables[name])) for name in now}
        return {
            "modified": {name for name in now if now[name] != before[name]},
            "new": {name for name in now if before[name] is None},
        }


def definitions(plan: Plan, project_dir: Path | None) -> dict[str, str]:
    """What stands for the definition of each table; of seeds without their files where no folder is given."""
    found = {name: table.definition for name, table in plan.tables.items()}
    for table in plan.tables.values():
        if table.kind == "seed" and project_dir is not None:
            contents = [file.read_bytes() for file in csv_files.files(table, project_dir)]
            found[table.name] = _hash(table.definition.encode(), *contents)
    return found


def state_of(told: Mapping[str, str]) -> str:
    """One text for all definitions."""
    return _hash(repr(sorted(told.items())).encode())


def read_state(path: Path) -> State:
    """The state that a folder of artifacts, a manifest or a plan holds.

    Raises:
        SelectionError: there is none, or it is of something else.
    """
    import orjson

    file = path / MANIFEST if path.is_dir() else path
    try:
        document = orjson.loads(file.read_bytes())
    except OSError as error:
        raise SelectionError(
            f"--state: {file} cannot be read ({error.strerror}). Name a folder that holds the {MANIFEST} of a"
            " build: in a project, builds write it into target/."
        ) from None
    except ValueError:
        raise SelectionError(f"--state: {file} is no JSON. Name the folder with a {MANIFEST}.") from None
    if not isinstance(document, dict):
        raise SelectionError(f"--state: {file} is neither a {MANIFEST} nor a plan.")
    if "nodes" in document:
        return _of_manifest(file, document)
    try:
        plan = Plan.from_data(document)
    except ValueError:
        raise SelectionError(f"--state: {file} is neither a {MANIFEST} nor a plan of this release.") from None
    found = {table_id(plan.tables[name]): told for name, told in definitions(plan, None).items()}
    return State(plan.dialect, found, knows_seeds=False)


def _of_manifest(file: Path, document: dict[str, Any]) -> State:
    head = document.get("metadata") or {}
    if PLAN not in (head.get("env") or {}):
        raise SelectionError(f"--state: {file} is of another project: aa-pipeline has not written it.")
    nodes = document["nodes"] | (document.get("sources") or {})
    told = {name: (node.get("meta") or {}).get(DEFINITION) for name, node in nodes.items()}
    dialects = [dialect for dialect, adapter in ADAPTERS.items() if adapter == head.get("adapter_type")]
    if not dialects or not any(told.values()):
        raise SelectionError(
            f"--state: {file} was written by an older release, which does not tell how tables were defined."
            " Build once with this one."
        )
    return State(dialects[0], {name: definition for name, definition in told.items() if definition})


def _hash(*parts: bytes) -> str:
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()
