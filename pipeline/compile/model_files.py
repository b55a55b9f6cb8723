"""Models and laws, read from their files and function signatures.

A model is `models/<layer>/[<folder>/]<name>.py` with a function `<name>` whose positional
parameters name the tables it reads:

    def fct_agent_costs(fct_daily_agent_usage: ibis.Table) -> ibis.Table: ...

Keyword-only parameters are settings, not tables. Nothing is registered and nothing is skipped:
whatever file lies in a layer's folder is a model. What models are made of lies beside the layers, in
`models/<topic>.py`.

A law is `models/laws/<name>.py` with a function like a model's, which returns the rows that break it.
The first line of its docstring is the sentence that holds.

Files of extensions are read after those of the package. A model of theirs may name a table that is there
already: to add columns to it (`EXTENDS`), or to take its place (`REPLACES`).
"""

import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline.compile.sources import LAWS
from pipeline.errors import ModelError, did_you_mean
from pipeline.extensions import Extension, in_words, place_of
from pipeline.plan.layers import OF_MODELS

# What a model may ask for by a keyword-only parameter without default.
# Those of the first line are filled in when a plan is bound or run. The numbers of the second are for models
# that do more with one than add it to an instant: any other number has them compiled anew. So have other
# attributes, which are a part of a query.
SETTINGS = (
    *("as_of", "timezone", "internal_domains", "window", "window_hours", "time_window"),
    *("window_days", "time_window_seconds"),
    "project_attributes",
)

MATERIALISATIONS = ("table", "view")
SEVERITIES = ("error", "warn")


@dataclass(frozen=True)
class TableFunction:
    """A function from tables to a table, and what its signature says.

    Attributes:
        name: of the file and the function.
        function: takes the upstream tables in order and the settings by name.
        upstreams: names of the tables it reads: models, seeds, `raw_` sources.
        settings: names of the settings that it takes.
        path: its file, relative to the folder that holds the package, or to the project.
        line: of the file, where it begins.
        level: 0 of what is shipped; of an extension, its number.
    """

    name: str
    function: Callable[..., Any]
    upstreams: tuple[str, ...]
    settings: tuple[str, ...]
    path: str
    line: int
    level: int

    @property
    def file(self) -> Path:
        """The file itself."""
        return Path(self.function.__code__.co_filename)

    @property
    def where(self) -> str:
        """Where people find it."""
        return f"{self.path}:{self.line}"

    @property
    def reads(self) -> tuple[str, ...]:
        """Every table that it is made of."""
        return self.upstreams


@dataclass(frozen=True)
class Model(TableFunction):
    """One model; its name is its table's name.

    Attributes:
        layer: the folder, such as `marts`.
        stem: of its file, after which its contract is called too; the name, unless it takes another's place.
        materialise: `table` or `view` where the model's file insists on one.
        extends: the table that it adds columns to; it is none itself.
        replaces: the table whose place it takes.
        additions: models that add columns to it, in order.
    """

    layer: str
    stem: str
    materialise: str | None = None
    extends: str | None = None
    replaces: str | None = None
    additions: tuple["Model", ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Every table that it is made of, with its additions."""
        more = (name for addition in self.additions for name in addition.upstreams[1:])
        return tuple(dict.fromkeys([*self.upstreams, *more]))

    @property
    def schema(self) -> str:
        """The schema of the database that the table lives in."""
        return OF_MODELS[self.layer].schema


@dataclass(frozen=True)
class Law(TableFunction):
    """What must hold across tables, as the rows that break it (dbt: a singular test).

    Attributes:
        description: the sentence that holds.
        severity: `error`, or `warn` where the law's file says so.
    """

    description: str
    severity: str = "error"

    @property
    def table(self) -> str:
        """The table whose checks it is listed among: the last one that it reads."""
        return self.upstreams[-1]


@dataclass(frozen=True)
class File:
    """A file of a model or a law.

    Attributes:
        layer: the folder that it lies in.
        module: the name that it is imported by.
        path: as plans and people know it.
        place: where it lies.
        level: 0 of what is shipped; of an extension, its number.
        extension: whose it is.
    """

    layer: str
    module: str
    path: str
    place: Path
    level: int = 0
    extension: Extension | None = None


def files(package: str, extensions: Sequence[Extension] = ()) -> Iterator[File]:
    """Every model and law, sorted by path: those of the package, then those of each extension."""
    for folder in importlib.import_module(package).__path__:
        root = Path(folder)
        for file in sorted(root.glob("*/**/*.py")):
            if file.name == "__init__.py":
                continue
            parts = file.relative_to(root).with_suffix("").parts
            module = ".".join([package, *parts])
            yield File(_layer(file, parts[0]), module, module.replace(".", "/") + ".py", file)
    for level, extension in enumerate(extensions, start=1):
        for file in extension.files("models"):
            parts = file.relative_to(extension.folder / "models").parts
            if len(parts) > 1:
                shown = extension.shown(file)
                module = ".".join([extension.package, "models", *parts]).removesuffix(".py")
                yield File(_layer(shown, parts[0]), module, shown, file, level, extension)


def _layer(file: Path | str, folder: str) -> str:
    if folder not in {*OF_MODELS, LAWS}:
        raise ModelError(
            f"{file} lies in the folder {folder}, which is no layer."
            f"{did_you_mean(folder, [*OF_MODELS, LAWS])} The layers are {', '.join(OF_MODELS)};"
            f" laws lie in {LAWS}."
        )
    return folder


def read_model(file: File) -> Model:
    module, read = _read(file)
    extends, replaces = (_table(module, file, name) for name in ("EXTENDS", "REPLACES"))
    if extends and replaces:
        raise ModelError(f"{read.where} both extends and replaces a table. It can do one of the two.")
    return Model(
        **vars(read),
        layer=file.layer,
        stem=read.name,
        materialise=_constant(module, file, "MATERIALISE", MATERIALISATIONS),
        extends=extends,
        replaces=replaces,
    )


def read_law(file: File) -> Law:
    module, read = _read(file)
    description = (inspect.getdoc(read.function) or "").partition("\n")[0]
    if not description:
        raise ModelError(
            f"{read.where}: the function {read.name} has no docstring. Its first line is what people read"
            " when the law is broken: a sentence that says what must hold."
        )
    severity = _constant(module, file, "SEVERITY", SEVERITIES) or "error"
    return Law(**vars(read), description=description, severity=severity)


def _read(file: File) -> tuple[ModuleType, TableFunction]:
    """The module of a model or a law, and the function that is called like it."""
    name = file.place.stem
    module = _import(file)
    function = getattr(module, name, None)
    if not inspect.isfunction(function):
        functions = {key: value for key, value in vars(module).items() if inspect.isfunction(value)}
        own = [
            value.__code__.co_firstlineno for value in functions.values() if value.__module__ == file.module
        ]
        raise ModelError(
            f"{file.path}:{min(own, default=1)} defines no function {name}.{did_you_mean(name, functions)} "
            "A model's function is called like its file."
        )
    line = function.__code__.co_firstlineno
    upstreams, settings = _read_signature(function, f"{file.path}:{line}")
    return module, TableFunction(name, function, upstreams, settings, file.path, line, file.level)


def _constant(module: ModuleType, file: File, name: str, choices: tuple[str, ...]) -> str | None:
    value = getattr(module, name, None)
    if value is not None and value not in choices:
        raise ModelError(f"{_line(file, name)}: {name} is {value!r}; it can be {' or '.join(choices)}.")
    return value


def _table(module: ModuleType, file: File, name: str) -> str | None:
    """The table that an extension's file names in a constant."""
    value = getattr(module, name, None)
    if value is not None and not (isinstance(value, str) and file.level):
        raise ModelError(f"{_line(file, name)}: {name} is the name of a table, in the file of an extension.")
    return value


def _line(file: File, name: str) -> str:
    """Where a constant stands."""
    lines = file.place.read_text(encoding="utf-8", errors="replace").splitlines()
    found = (number for number, line in enumerate(lines, start=1) if line.startswith(name))
    return f"{file.path}:{next(found, 1)}"


def _import(file: File) -> ModuleType:
    if file.extension:
        return file.extension.load(file.place)
    try:
        return importlib.import_module(file.module)
    except Exception as error:  # whatever a model's module raises
        raise ModelError(
            f"{file.path}{place_of(error, file.place)} cannot be imported: {in_words(error)}."
            f" Mend the file; `python -c 'import {file.module}'` shows the line."
        ) from error


def _read_signature(function: Callable[..., Any], path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Upstreams and settings that a model's parameters name."""
    upstreams, settings = [], []
    for parameter in inspect.signature(function).parameters.values():
        has_default = parameter.default is not parameter.empty
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ModelError(
                f"{path} takes {parameter}. Name each table that the model reads as a parameter."
            )
        if parameter.kind is not parameter.KEYWORD_ONLY:
            if has_default:
                raise ModelError(
                    f"{path}: the parameter {parameter.name} has a default. A table has none; "
                    "make a setting keyword-only (after `*`)."
                )
            upstreams.append(parameter.name)
        elif parameter.name in SETTINGS:
            settings.append(parameter.name)
        elif not has_default:
            raise ModelError(
                f"{path} asks for the setting {parameter.name}, which does not exist."
                f"{did_you_mean(parameter.name, SETTINGS)} "
                f"The settings are {', '.join(SETTINGS)}; any other needs a default."
            )
    return tuple(upstreams), tuple(settings)
