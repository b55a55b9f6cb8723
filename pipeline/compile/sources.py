"""The files that a plan is made from; nothing of them is imported."""

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

MODELS = "pipeline.models"
SCHEMAS = "schemas"
AGENTS = "pipeline.agents"

# What else a plan depends on: what models know of agents, the compiler, and what it writes.
COMPILER = ("pipeline.compile", "pipeline.config", "pipeline.plan", "pipeline.system.compat", AGENTS)


def code_digest(models: str, schemas: str) -> str:
    """A fingerprint of the content of everything that plans are made from. Takes a few milliseconds."""
    digest = hashlib.blake2b(digest_size=16)
    for package in (models, schemas, *COMPILER):
        for name, file in _files(package):
            content = file.read_bytes()
            digest.update(f"\0{package} {name} {len(content)}\0".encode() + content)
    return digest.hexdigest()


def compile_inputs(models: str, schemas: str) -> Iterator[Path]:
    """The files themselves."""
    for package in (models, schemas, *COMPILER):
        for _, file in _files(package):
            yield file


def _files(package: str) -> Iterator[tuple[str, Path]]:
    """The Python files of a package by their names in it, or the file of a module."""
    spec = find_spec(package)
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        yield "", Path(str(spec.origin))
        return
    for location in spec.submodule_search_locations:
        for file in sorted(Path(location).rglob("*.py")):
            yield file.relative_to(location).as_posix(), file
