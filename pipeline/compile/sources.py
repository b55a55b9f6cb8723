"""The files that a plan is made from; nothing of them is imported."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.extensions import Extension, digest
from pipeline.plan import Plan
from pipeline.plan.layers import OF_MODELS

MODELS = "pipeline.models"
LAWS = "laws"
SCHEMAS = "schemas"
AGENTS = "pipeline.agents"

# What else a plan depends on: what models know of agents, the compiler, and what it writes.
COMPILER = (
    *("pipeline.compile", "pipeline.config", "pipeline.extensions", "pipeline.plan"),
    *("pipeline.system.compat", AGENTS),
)


WORD = re.compile(r"[A-Za-z_]\w*")


def code_digest(models: str, schemas: str) -> str:
    """A fingerprint of the content of everything that plans are made from. Takes a few milliseconds."""
    digest = hashlib.blake2b(digest_size=16)
    for package in (models, schemas, *COMPILER):
        for name, file in _files(package):
            content = file.read_bytes()
            digest.update(f"\0{package} {name} {len(content)}\0".encode() + content)
    return digest.hexdigest()


@dataclass(frozen=True)
class Codes:
    """What stands for all that each table of a plan is compiled from (`PlanTable.code`).

    Attributes:
        models: those shipped, by name. A model is compiled from its own file and those of the laws that name
            it, with the models and the settings that they name; and from what is none of these: the modules
            beside the layers, contracts, agents, the compiler.
        rest: of raw tables and seeds, which are made from the latter alone.
        added: of everything in extensions, which concerns their tables and those that they alter; empty where
            there are none.
    """

    models: dict[str, str]
    rest: str
    added: str = ""

    def of_contract(self, name: str, is_added: bool = False) -> str:
        """Of a raw table or a seed."""
        return f"{self.rest}:{name}{self.added if is_added else ''}"

    def of_model(self, name: str, is_altered: bool) -> str:
        """Of a model, which extensions have added or altered, or have not."""
        return self.models.get(name, name) + (self.added if is_altered else "")

    def are_of(self, plan: Plan) -> bool:
        """Whether compiling would make this plan, but for the settings that it is bound to.

        Which tables an extension concerns is not known before it is imported: if it concerns none, that is.
        """
        codes = {
            table.name: (table.kind, table.code.removesuffix(self.added)) for table in plan.tables.values()
        }
        of_models = {name: code for name, (kind, code) in codes.items() if kind == "model" and code != name}
        others = [(name, code) for name, (kind, code) in codes.items() if kind != "model"]
        return (
            of_models == self.models
            and all(code == self.of_contract(name) for name, code in others)
            and (not self.added or any(table.code.endswith(self.added) for table in plan.tables.values()))
        )


def codes_of(
    dialect: str,
    settings: Mapping[str, Any],
    models: str,
    schemas: str,
    extensions: Sequence[Extension] = (),
) -> Codes:
    """What stands for all that each table is compiled from; reads the files, imports none of them.

    Args:
        dialect: the engine's.
        settings: those that models get, placeholders for values that a plan is bound to.
        models: the package of the models.
        schemas: the package of the contracts.
        extensions: what is added to them.
    """
    own: dict[str, tuple[str, str]] = {}
    laws: list[str] = []
    named_by_contracts: set[str] = set()
    rest = hashlib.blake2b(dialect.encode(), digest_size=16)
    for package in (models, schemas, *COMPILER):
        for name, file in _files(package):
            text = file.read_text(encoding="utf-8", errors="replace")
            path = PurePosixPath(name)
            if package == models and path.stem != "__init__" and path.parts[0] in OF_MODELS:
                own[path.stem] = name, text
            elif package == models and path.parts[0] == LAWS:
                laws.append(text)
            else:
                rest.update(f"\0{package} {name} {len(text)}\0{text}".encode())
            if package == schemas:
                named_by_contracts |= {*WORD.findall(text)}
    # What models know of an agent stands in no file of theirs.
    for extension in extensions:
        for file in extension.files("agents"):
            text = file.read_text(encoding="utf-8", errors="replace")
            rest.update(f"\0{extension.shown(file)} {len(text)}\0{text}".encode())
    # Where a table lies that a column refers to.
    rest.update(repr(sorted(own[name][0] for name in named_by_contracts & own.keys())).encode())
    words_of_laws = [(law, {*WORD.findall(law)}) for law in laws]

    def code(name: str, path: str, text: str) -> str:
        texts, named = [text], {*WORD.findall(text)}
        for law, words in words_of_laws:
            if name in words:
                texts.append(law)
                named |= words
        others = sorted(own[other][0] for other in named & own.keys())
        values = sorted((setting, repr(settings[setting])) for setting in named & settings.keys())
        told = repr((rest.hexdigest(), path, others, values, texts))
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

    codes = {name: code(name, *file) for name, file in own.items()}
    return Codes(codes, rest.hexdigest(), _added(extensions, [rest.hexdigest(), *codes.values()], settings))


def _added(extensions: Sequence[Extension], shipped: Sequence[str], settings: Mapping[str, Any]) -> str:
    """What stands for all that an extension's tables are compiled from."""
    if not extensions:
        return ""
    texts = (file.read_text(encoding="utf-8", errors="replace") for one in extensions for file in one.code())
    named = {word for text in texts for word in WORD.findall(text)}
    values = sorted((setting, repr(settings[setting])) for setting in named & settings.keys())
    told = repr((digest(extensions), shipped, values))
    return f"+{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"


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
