"""Imports point down the floors, never up and never to a neighbour."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import pipeline

ROOT = Path(__file__).parent.parent

# From the ground up, along the way of the data. What stands on one floor knows nothing of its neighbours:
# a run, for one, has nothing of the compiler.
FLOORS = [
    {"errors"},
    {"config", "plan", "system"},
    {"extensions"},
    {"agents", "schemas"},
    {"engines", "models", "seeds"},
    {"privacy"},
    {"compile", "run"},
    {"demo", "ingest", "outputs"},
    {"cli", "notebook", "testing"},
]
MOST_ROOMS = 20
MOST_ARROWS = 60
FLOOR = {part: number for number, floor in enumerate(FLOORS) for part in floor}

# What a file of models may know: Ibis, agents, and the modules beside the layers, which models are made of.
SHARED = {file.stem for file in (ROOT / "pipeline" / "models").glob("*.py")} - {"__init__"}
OWN = {f"pipeline.models.{name}" for name in SHARED}


def files(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


@cache
def imports(file: Path, top_only: bool = False) -> list[str]:
    """Full names of what a file imports: a module, or a name of a package."""
    return [*_imports(file, top_only)]


def _imports(file: Path, top_only: bool) -> Iterator[str]:
    tree = ast.parse(file.read_text())
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: imports here are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def part(module: str) -> str | None:
    """The part of the building that a module belongs to; None for the entrance and other packages."""
    package, _, rest = module.partition(".")
    if package == "schemas":
        return "schemas"
    return (rest.partition(".")[0] or None) if package == "pipeline" else None


def parts() -> set[str]:
    """Every part that there is."""
    inside = (
        file
        for file in (ROOT / "pipeline").iterdir()
        if file.suffix == ".py" or (file / "__init__.py").exists()
    )
    return {file.stem for file in inside if file.stem != "__init__"} | {"schemas"}


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


def test_every_part_stands_on_a_floor():
    homeless = parts() - set(FLOOR)
    assert not homeless, f"give {homeless} a floor in FLOORS"


def test_the_package_explains_the_floors_as_they_are():
    explained = re.findall(r"^\d  ((?:\w+ {1,2})+) ", pipeline.__doc__, re.MULTILINE)
    assert [set(floor.split()) for floor in reversed(explained)] == FLOORS


def arrows() -> set[tuple[str, str]]:
    """Which room imports from which; settings, errors and extensions are everybody's."""
    rooms = FLOOR.keys() - {"config", "errors", "extensions"}
    return {
        (here, there)
        for file in files("pipeline", "schemas")
        for name in imports(file)
        if (here := part(module_of(file))) != (there := part(name)) and {here, there} <= rooms
    }


@pytest.mark.slow
def test_the_house_is_small():
    assert len(parts()) <= MOST_ROOMS
    assert len(arrows()) < MOST_ARROWS


def test_imports_point_down():
    upwards = [
        f"{module_of(file)} imports {name}"
        for file in files("pipeline", "schemas")
        if (here := part(module_of(file))) not in (None, "__init__")
        for name in imports(file)
        if (there := part(name)) in FLOOR and there != here and FLOOR[there] >= FLOOR[here]
    ]
    assert upwards == []


@pytest.mark.parametrize("file", files("pipeline/models"), ids=module_of)
def test_models_know_ibis_agents_and_what_they_share(file):
    name = module_of(file)
    allowed = {"ibis"} | sys.stdlib_module_names if name in OWN else {"ibis"}
    strangers = {
        found
        for found in imports(file)
        if found.partition(".")[0] not in allowed
        and found.rpartition(".")[0] not in OWN
        and found.removeprefix("pipeline.models.") not in SHARED
        and part(found) != "agents"
    }
    assert strangers == set()


def test_agents_are_plain_data_and_readers_know_no_databases():
    # These only read files; what the floors allow besides is none of theirs.
    reading = ("pipeline.system.compressed.", "pipeline.system.files.open_file")
    # Where agents are found, and what is said of one that is none.
    finding = ("pipeline.extensions.", "pipeline.errors.")
    known = {"orjson", "zstandard", *sys.stdlib_module_names}
    strangers = {
        found
        for file in files("pipeline/agents")
        for found in imports(file)
        if found.partition(".")[0] not in known
        and part(found) != "agents"
        and not found.startswith(reading)
        and not (file.parent.name == "agents" and file.stem == "__init__" and found.startswith(finding))
    }
    assert strangers == set()


def test_contracts_know_pandera_and_ibis():
    known = {"pandera", "ibis", "schemas", *sys.stdlib_module_names}
    strangers = {
        found
        for file in files("schemas")
        for found in imports(file)
        if found.partition(".")[0] not in known and part(found) != "system"
    }
    assert strangers == set()


@pytest.mark.parametrize("file", files("pipeline/cli"), ids=module_of)
def test_a_command_loads_nothing_heavy_before_it_runs(file):
    light = {"click", "pipeline", *sys.stdlib_module_names}
    assert {name for name in imports(file, top_only=True) if name.partition(".")[0] not in light} == set()
