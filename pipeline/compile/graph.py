"""The graph of models, read from files and function signatures.

A model is `models/<layer>/[<folder>/]<name>.py` with a function `<name>` whose positional
parameters name the tables it reads:

    def fct_agent_costs(fct_daily_agent_usage: ibis.Table) -> ibis.Table: ...

Keyword-only parameters are settings, not tables. Nothing is registered and nothing is skipped:
whatever file lies in a layer's folder is a model. What models are made of lies beside the layers, in
`models/<topic>.py`.

A law is `models/laws/<name>.py` with a function like a model's, which returns the rows that break it.
The first line of its docstring is the sentence that holds.
"""

import importlib
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline.compile.sources import LAWS
from pipeline.errors import ModelError, did_you_mean
from pipeline.plan.layers import OF_MODELS

# What a model may ask for by a keyword-only parameter without default.
# Those of the first line are filled in when a plan is bound or run. The numbers of the second are for models
# that do more with one than add it to an instant: any other number has them compiled anew.
SETTINGS = (
    *("as_of", "timezone", "internal_domains", "window", "window_hours", "time_window"),
    *("window_days", "time_window_seconds"),
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
        path: its file, relative to the folder that holds the package.
    """

    name: str
    function: Callable[..., Any]
    upstreams: tuple[str, ...]
    settings: tuple[str, ...]
    path: str


@dataclass(frozen=True)
class Model(TableFunction):
    """One model; its name is its table's name.

    Attributes:
        layer: the folder, such as `marts`.
        materialise: `table` or `view` where the model's file insists on one.
    """

    layer: str
    materialise: str | None = None

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


def discover(
    package: str = "pipeline.models",
    sources: Collection[str] | None = None,
    seeds: Collection[str] | None = None,
) -> dict[str, Model]:
    """Every model of a package, by name, upstreams first.

    Args:
        package: the package whose folders are the layers.
        sources: names of the raw tables, as models name them; those of `schemas.raw` if None.
        seeds: names of the seed tables; those of `schemas.seeds` if None.

    Raises:
        ModelError: a file does not define its model, a model reads a table that does not exist,
            two models share a name, or models read each other in a circle.
    """
    sources = contract_tables("schemas.raw") if sources is None else sources
    seeds = contract_tables("schemas.seeds") if seeds is None else seeds

    models: dict[str, Model] = {}
    for layer, module_name in _files(package):
        if layer == LAWS:
            continue
        model = _read_model(layer, module_name)
        if model.name in models:
            raise ModelError(
                f"Two models are called {model.name}: {models[model.name].path} and {model.path}. "
                "Rename one of them; a model's name is its table's name."
            )
        if model.name in sources or model.name in seeds:
            kind = "source" if model.name in sources else "seed"
            raise ModelError(f"{model.path} is called like the {kind} {model.name}. Rename the model.")
        models[model.name] = model

    known = {*models, *sources, *seeds}
    for model in models.values():
        _check_upstreams(model, known)
    names = order({name: model.upstreams for name, model in models.items()})
    return {name: models[name] for name in names if name in models}


def discover_laws(
    models: Mapping[str, Model],
    package: str = "pipeline.models",
    sources: Collection[str] | None = None,
    seeds: Collection[str] | None = None,
) -> list[Law]:
    """Every law of a package, by name.

    Args:
        models: what `discover` found in the package.
        package: the package whose folder `laws` holds the laws.
        sources: as in `discover`.
        seeds: as in `discover`.

    Raises:
        ModelError: a file does not define its law, or a law reads what it cannot.
    """
    sources = contract_tables("schemas.raw") if sources is None else sources
    seeds = contract_tables("schemas.seeds") if seeds is None else seeds
    laws: dict[str, Law] = {}
    for law in (_read_law(module_name) for folder, module_name in _files(package) if folder == LAWS):
        if law.name in laws:
            raise ModelError(
                f"Two laws are called {law.name}: {laws[law.name].path} and {law.path}. Rename one of them."
            )
        laws[law.name] = law
        _check_upstreams(law, {*models, *sources, *seeds})
        if not law.upstreams or law.table not in models:
            raise ModelError(
                f"{law.path} names no model as its last table. A law is one of the checks of that table."
            )
        for upstream in law.upstreams:
            if upstream in sources and upstream not in _behind(law.table, models):
                raise ModelError(
                    f"{law.path} reads {upstream}, which {law.table} is not made of: a build would not notice"
                    f" that the law has to be looked at again. Name a model last that is made of {upstream}."
                )
    return [*laws.values()]


def _behind(name: str, models: Mapping[str, Model]) -> set[str]:
    """Every table that a model is made of."""
    upstreams = models[name].upstreams if name in models else ()
    return set(upstreams).union(*(_behind(upstream, models) for upstream in upstreams))


def _check_upstreams(function: TableFunction, known: Collection[str]) -> None:
    for upstream in function.upstreams:
        if upstream not in known:
            raise ModelError(
                f"{function.path} reads {upstream}, which is no model, seed or raw table."
                f"{did_you_mean(upstream, known)} "
                "A positional parameter names a table; a setting is keyword-only (after `*`)."
            )


def order(depends_on: Mapping[str, Iterable[str]]) -> list[str]:
    """Names, each after everything it depends on; the same order for the same graph.

    Raises:
        ModelError: there is a circle; it is named.
    """
    sorter = TopologicalSorter({name: sorted(depends_on[name]) for name in sorted(depends_on)})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise ModelError(
            f"Models read each other in a circle: {circle}. Move what both need into a model of its own."
        ) from None


def contract_tables(module_name: str) -> set[str]:
    """Names of the tables whose contracts a module of `schemas` defines."""
    module = importlib.import_module(module_name)
    return {
        value.table()
        for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module_name and hasattr(value, "table")
    }


def _files(package: str) -> Iterator[tuple[str, str]]:
    """Folder and module name of every model and law, sorted by path."""
    for folder in importlib.import_module(package).__path__:
        root = Path(folder)
        for file in sorted(root.glob("*/**/*.py")):
            if file.name == "__init__.py":
                continue
            parts = file.relative_to(root).with_suffix("").parts
            if parts[0] not in {*OF_MODELS, LAWS}:
                raise ModelError(
                    f"{file} lies in the folder {parts[0]}, which is no layer."
                    f"{did_you_mean(parts[0], [*OF_MODELS, LAWS])} The layers are {', '.join(OF_MODELS)};"
                    f" laws lie in {LAWS}."
                )
            yield parts[0], ".".join([package, *parts])


def _read_model(layer: str, module_name: str) -> Model:
    module, read = _read(module_name)
    materialise = _constant(module, "MATERIALISE", MATERIALISATIONS)
    return Model(**vars(read), layer=layer, materialise=materialise)


def _read_law(module_name: str) -> Law:
    module, read = _read(module_name)
    description = (inspect.getdoc(read.function) or "").partition("\n")[0]
    if not description:
        raise ModelError(
            f"{read.path}: the function {read.name} has no docstring. Its first line is what people read"
            " when the law is broken: a sentence that says what must hold."
        )
    severity = _constant(module, "SEVERITY", SEVERITIES) or "error"
    return Law(**vars(read), description=description, severity=severity)


def _read(module_name: str) -> tuple[ModuleType, TableFunction]:
    """The module of a model or a law, and the function that is called like it."""
    name = module_name.rpartition(".")[2]
    path = module_name.replace(".", "/") + ".py"
    module = _import(module_name, path)
    function = getattr(module, name, None)
    if not inspect.isfunction(function):
        functions = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        raise ModelError(
            f"{path} defines no function {name}.{did_you_mean(name, functions)} "
            "A model's function is called like its file."
        )
    upstreams, settings = _read_signature(function, path)
    return module, TableFunction(name, function, upstreams, settings, path)


def _constant(module: ModuleType, name: str, choices: tuple[str, ...]) -> str | None:
    value = getattr(module, name, None)
    if value is not None and value not in choices:
        path = module.__name__.replace(".", "/") + ".py"
        raise ModelError(f"{path}: {name} is {value!r}; it can be {' or '.join(choices)}.")
    return value


def _import(module_name: str, path: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except Exception as error:
        raise ModelError(
            f"{path} cannot be imported: {type(error).__name__}: {error}. Mend the file; "
            f"`python -c 'import {module_name}'` shows the line."
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
