"""The graph of models, read from files and function signatures.

A model is `models/<layer>/[<folder>/]<name>.py` with a function `<name>` whose positional
parameters name the tables it reads:

    def fct_agent_costs(fct_daily_agent_usage: ibis.Table) -> ibis.Table: ...

Keyword-only parameters are settings, not tables. Nothing is registered and nothing is skipped:
whatever file lies in a layer's folder is a model. What models are made of lies beside the layers, in
`models/<topic>.py`.
"""

import importlib
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline.errors import ModelError, did_you_mean

# A layer is a folder of models; its tables live in a schema of the database.
SCHEMAS = {"staging": "staging", "intermediate": "intermediate", "marts": "mart", "meta": "meta"}

# What a model may ask for by a keyword-only parameter without default.
SETTINGS = ("as_of", "timezone", "window_days", "time_window_seconds", "internal_domains")

MATERIALISATIONS = ("table", "view")


@dataclass(frozen=True)
class Model:
    """One model: a function and what its signature says.

    Attributes:
        name: of the file, the function and the table.
        layer: the folder, such as `marts`.
        function: takes the upstream tables in order and the settings by name.
        upstreams: names of the tables it reads: models, seeds, `raw_` sources.
        settings: names of the settings that it takes.
        path: its file, relative to the folder that holds the package.
        materialise: `table` or `view` where the model's file insists on one.
    """

    name: str
    layer: str
    function: Callable[..., Any]
    upstreams: tuple[str, ...]
    settings: tuple[str, ...]
    path: str
    materialise: str | None = None

    @property
    def schema(self) -> str:
        """The schema of the database that the table lives in."""
        return SCHEMAS[self.layer]


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
    for layer, module_name in _model_files(package):
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
        for upstream in model.upstreams:
            if upstream not in known:
                raise ModelError(
                    f"{model.path} reads {upstream}, which is no model, seed or raw table."
                    f"{did_you_mean(upstream, known)} "
                    "A positional parameter names a table; a setting is keyword-only (after `*`)."
                )
    names = order({name: model.upstreams for name, model in models.items()})
    return {name: models[name] for name in names if name in models}


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


def _model_files(package: str) -> Iterator[tuple[str, str]]:
    """Layer and module name of every model, sorted by path."""
    for folder in importlib.import_module(package).__path__:
        root = Path(folder)
        for file in sorted(root.glob("*/**/*.py")):
            if file.name == "__init__.py":
                continue
            parts = file.relative_to(root).with_suffix("").parts
            if parts[0] not in SCHEMAS:
                raise ModelError(
                    f"{file} lies in the folder {parts[0]}, which is no layer."
                    f"{did_you_mean(parts[0], SCHEMAS)} The layers are {', '.join(SCHEMAS)}."
                )
            yield parts[0], ".".join([package, *parts])


def _read_model(layer: str, module_name: str) -> Model:
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
    materialise = getattr(module, "MATERIALISE", None)
    if materialise is not None and materialise not in MATERIALISATIONS:
        raise ModelError(f"{path}: MATERIALISE is {materialise!r}; it can be table or view.")
    upstreams, settings = _read_signature(function, path)
    return Model(name, layer, function, upstreams, settings, path, materialise)


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
