"""The graph of models and laws: what reads what, of the package and of what extends it."""

import importlib
import inspect
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from pipeline.compile.model_files import Law, Model, TableFunction, files, read_law, read_model
from pipeline.compile.sources import LAWS
from pipeline.errors import ModelError, did_you_mean
from pipeline.extensions import Extension


def discover(
    package: str = "pipeline.models",
    sources: Collection[str] | None = None,
    seeds: Collection[str] | None = None,
    extensions: Sequence[Extension] = (),
) -> dict[str, Model]:
    """Every model of a package and of what extends it, by name, upstreams first.

    Args:
        package: the package whose folders are the layers.
        sources: names of the raw tables, as models name them; those of `schemas.raw` if None.
        seeds: names of the seed tables; those of `schemas.seeds` if None.
        extensions: whose models are added.

    Raises:
        ModelError: a file does not define its model, a model reads a table that does not exist,
            two models share a name, or models read each other in a circle.
    """
    sources = contract_tables("schemas.raw") if sources is None else sources
    seeds = contract_tables("schemas.seeds") if seeds is None else seeds

    models: dict[str, Model] = {}
    additions: list[Model] = []
    for file in files(package, extensions):
        if file.layer == LAWS:
            continue
        model = read_model(file)
        if model.extends:
            additions.append(model)
        elif model.replaces:
            models[model.replaces] = _replaced(model, models)
        else:
            _check_name(model, models, sources, seeds)
            models[model.name] = model
    for addition in additions:
        base = _extended(addition, models)
        # What takes a table's place has the columns that came before.
        if base.level <= addition.level:
            models[base.name] = replace(base, additions=(*base.additions, addition))

    known = {*models, *sources, *seeds}
    for model in models.values():
        for function in (model, *model.additions):
            _check_upstreams(function, known)
    names = order({name: model.reads for name, model in models.items()}, models)
    return {name: models[name] for name in names if name in models}


def _check_name(
    model: Model, models: Mapping[str, Model], sources: Collection[str], seeds: Collection[str]
) -> None:
    """Refuse a name that is taken."""
    if model.name in models:
        advice = "Rename one of them; a model's name is its table's name."
        if model.level:
            advice = (
                f'Rename {model.path}, or say there `EXTENDS = "{model.name}"` to add columns to that table,'
                f' or `REPLACES = "{model.name}"` to take its place.'
            )
        raise ModelError(
            f"Two models are called {model.name}: {models[model.name].path} and {model.where}. {advice}"
        )
    if model.name in sources or model.name in seeds:
        kind = "source" if model.name in sources else "seed"
        raise ModelError(f"{model.where} is called like the {kind} {model.name}. Rename the model.")


def _replaced(model: Model, models: Mapping[str, Model]) -> Model:
    """A model under the name of the one whose place it takes."""
    base = models.get(model.replaces or "")
    if base is None:
        raise ModelError(
            f"{model.where} replaces {model.replaces}, which is no table that a model makes."
            f"{did_you_mean(str(model.replaces), models)} Without REPLACES it is a model of its own."
        )
    if base.level == model.level:
        raise ModelError(
            f"{model.where} replaces {base.name}, which {base.where} makes, in the same folder."
            " Remove one of them."
        )
    if base.layer != model.layer:
        raise ModelError(
            f"{model.where} replaces {base.name}, which is of the layer {base.layer}."
            f" Move the file into models/{base.layer}/."
        )
    return replace(model, name=base.name)


def _extended(addition: Model, models: Mapping[str, Model]) -> Model:
    """The model that an addition adds columns to."""
    base = models.get(addition.extends or "")
    if base is None:
        raise ModelError(
            f"{addition.where} extends {addition.extends}, which is no table that a model makes."
            f"{did_you_mean(str(addition.extends), models)}"
        )
    if addition.upstreams[:1] != (base.name,):
        first = addition.upstreams[0] if addition.upstreams else "nothing"
        raise ModelError(
            f"{addition.where} extends {base.name}, and its first parameter is {first}."
            f" Call it {base.name}: it is that table, to be returned with more columns."
        )
    return base


def discover_laws(
    models: Mapping[str, Model],
    package: str = "pipeline.models",
    sources: Collection[str] | None = None,
    seeds: Collection[str] | None = None,
    extensions: Sequence[Extension] = (),
) -> list[Law]:
    """Every law of a package and of what extends it, by name.

    Args:
        models: what `discover` found in the package.
        package: the package whose folder `laws` holds the laws.
        sources: as in `discover`.
        seeds: as in `discover`.
        extensions: as in `discover`.

    Raises:
        ModelError: a file does not define its law, or a law reads what it cannot.
    """
    sources = contract_tables("schemas.raw") if sources is None else sources
    seeds = contract_tables("schemas.seeds") if seeds is None else seeds
    laws: dict[str, Law] = {}
    for law in (read_law(file) for file in files(package, extensions) if file.layer == LAWS):
        if law.name in laws:
            raise ModelError(
                f"Two laws are called {law.name}: {laws[law.name].path} and {law.where}. Rename one of them."
            )
        laws[law.name] = law
        _check_upstreams(law, {*models, *sources, *seeds})
        if not law.upstreams or law.table not in models:
            raise ModelError(
                f"{law.where} names no model as its last table. A law is one of the checks of that table."
            )
        for upstream in law.upstreams:
            if upstream in sources and upstream not in _behind(law.table, models):
                raise ModelError(
                    f"{law.where} reads {upstream}, which {law.table} is not made of: a build would not"
                    " notice that the law has to be looked at again. Name a model last that is made of"
                    f" {upstream}."
                )
    return [*laws.values()]


def _behind(name: str, models: Mapping[str, Model]) -> set[str]:
    """Every table that a model is made of."""
    upstreams = models[name].reads if name in models else ()
    return set(upstreams).union(*(_behind(upstream, models) for upstream in upstreams))


def _check_upstreams(function: TableFunction, known: Collection[str]) -> None:
    for upstream in function.upstreams:
        if upstream not in known:
            raise ModelError(
                f"{function.where} reads {upstream}, which is no model, seed or raw table."
                f"{did_you_mean(upstream, known)} "
                "A positional parameter names a table; a setting is keyword-only (after `*`)."
            )


def order(depends_on: Mapping[str, Iterable[str]], models: Mapping[str, Model] | None = None) -> list[str]:
    """Names, each after everything it depends on; the same order for the same graph.

    Args:
        depends_on: name → the names that it depends on.
        models: that have these names; of those in a circle, the files that are not shipped are named.

    Raises:
        ModelError: there is a circle; it is named.
    """
    sorter = TopologicalSorter({name: sorted(depends_on[name]) for name in sorted(depends_on)})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        found = [(models or {}).get(name) for name in dict.fromkeys(error.args[1])]
        added = [
            function.where
            for model in found
            if model
            for function in (model, *model.additions)
            if function.level
        ]
        where = f" Added: {' and '.join(added)}." if added else ""
        raise ModelError(
            f"Models read each other in a circle: {circle}.{where}"
            " Move what both need into a model of its own."
        ) from None


def contract_tables(module_name: str) -> set[str]:
    """Names of the tables whose contracts a module of `schemas` defines."""
    module = importlib.import_module(module_name)
    return {
        value.table()
        for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module_name and hasattr(value, "table")
    }
