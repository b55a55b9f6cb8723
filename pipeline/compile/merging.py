"""What is shipped and what is added, merged: the one place where they meet.

A contract of an extension is of a table of its own: of its model of that name, or of its CSV file. Where a
model of it adds columns to a table that is there, the contract that is called like the model's file holds
these columns alone.

Whoever reads a table sees the columns that it had when the reader was written: what is shipped sees what is
shipped, an extension also what it and those before it have added. So a model that takes all columns of a
table stays as it is when others add to that table, and plans that were shipped stay good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.agents import EXTENDED_BY
from pipeline.compile.contracts import Contracts, added_contracts, contracts_of, shown_of
from pipeline.compile.graph import discover, discover_laws
from pipeline.compile.model_files import Law, Model
from pipeline.errors import ModelError, did_you_mean
from pipeline.extensions import SEEDS, Extension, digest_of_agents
from schemas.base import Contract, Source


@dataclass(frozen=True)
class Merged:
    """Everything that tables are made from.

    Attributes:
        levels: the contracts.
        models: by name, upstreams first.
        laws: by name.
        sources: the contracts of raw tables, by name.
        seeds: those of seeds, by name.
        added_seeds: name → file, as plans call it, of seeds that are not shipped.
    """

    levels: "Levels"
    models: dict[str, Model]
    laws: list[Law]
    sources: dict[str, type[Source]]
    seeds: dict[str, type[Contract]]
    added_seeds: dict[str, str]


def merged(models: str, schemas: str, extensions: Sequence[Extension] = ()) -> Merged:
    """Everything of two packages and of what extends them.

    Args:
        models: the package of the models.
        schemas: the package of the contracts.
        extensions: in order.

    Raises:
        ModelError: something is not what it must be.
    """
    if digest_of_agents(extensions) != EXTENDED_BY:
        raise ModelError(
            "This process knows other agents than those of the project and of plugins that it is to compile."
            " Agents are read once, from the folder in which a process begins: start it anew, there."
        )
    for extension in extensions:
        extension.read_anew()
    shipped = contracts_of(schemas)
    added = [added_contracts(extension) for extension in extensions]
    seeds = {
        name: contract for name, contract in shipped.items() if contract.__module__ == f"{schemas}.{SEEDS}"
    }
    files: dict[str, str] = {}
    every = dict(shipped)
    for extension, own in zip(extensions, added, strict=True):
        found = own_seeds(extension, own, every)
        seeds |= {name: own[name] for name in found}
        files |= {name: extension.shown(extension.folder / SEEDS / f"{name}.csv") for name in found}
        every |= own
    sources = {name: contract for name, contract in every.items() if issubclass(contract, Source)}
    graph = discover(models, sources, seeds, extensions)
    laws = discover_laws(graph, models, sources, seeds, extensions)
    return Merged(Levels(shipped, extensions, added, graph), graph, laws, sources, seeds, files)


def own_seeds(extension: Extension, contracts: Contracts, taken: Mapping[str, type[Contract]]) -> list[str]:
    """The CSV files of an extension that are tables of its own: those that have a contract there.

    Others add rows to a seed that is there.
    """
    names = [file.stem for file in extension.csv_files()]
    for name in names:
        if name in contracts and name in taken:
            raise ModelError(
                f"{shown_of(contracts[name], extension)} describes the table {name}, which is there already."
                f" Remove the class, and {SEEDS}/{name}.csv adds rows to that table; or rename both."
            )
    return [name for name in names if name in contracts]


class Levels:
    """The contracts as what is shipped sees them, and then each extension.

    Args:
        shipped: the contracts of the package.
        extensions: in order.
        added: the contracts of each.
        models: all models.

    Raises:
        ModelError: a table has two contracts or none, or an addition is of a column that is there.
    """

    def __init__(
        self,
        shipped: Contracts,
        extensions: Sequence[Extension],
        added: Sequence[Contracts],
        models: Mapping[str, Model],
    ) -> None:
        self._seen = [shipped]
        self._added = added
        self._around: dict[tuple[int, str], tuple[type[Contract], type[Contract]]] = {}
        for level, (extension, own) in enumerate(zip(extensions, added, strict=True), start=1):
            self._seen.append(self._with(level, extension, own, models))

    @property
    def all(self) -> Contracts:
        """Every contract by its table's name, with all columns."""
        return self._seen[-1]

    def seen(self, name: str, level: int) -> type[Contract]:
        """A table's contract as a level sees it."""
        return self._seen[level].get(name) or self.all[name]

    def is_altered(self, name: str) -> bool:
        """Whether some level sees the table otherwise than another."""
        return len({id(seen[name]) for seen in self._seen if name in seen}) > 1

    def own(self, model: Model) -> type[Contract]:
        """The contract that is called like a model's file.

        Raises:
            ModelError: there is none.
        """
        own = self._added[model.level - 1] if model.level else self._seen[0]
        if contract := own.get(model.stem):
            return contract
        expected = "".join(part.title() for part in model.stem.split("_"))
        raise ModelError(
            f"The model {model.where} has no contract.{did_you_mean(model.stem, own)}"
            f" Write a class {expected} in schemas/."
        )

    def around(self, model: Model) -> tuple[type[Contract], type[Contract]]:
        """The contract of a table before and after a model adds columns to it or takes its place."""
        return self._around[model.level, model.stem]

    def _with(
        self, level: int, extension: Extension, own: Contracts, models: Mapping[str, Model]
    ) -> Contracts:
        before = self._seen[-1]
        seen = dict(before)
        additions = [a for model in models.values() for a in model.additions if a.level == level]
        replacing = [model for model in models.values() if model.level == level and model.replaces]
        called = {model.stem for model in (*additions, *replacing)}
        for name, contract in own.items():
            if name in called:
                continue
            if name in before:
                raise ModelError(
                    f"The table {name} has two contracts: {before[name].__name__} in"
                    f" {before[name].__module__.replace('.', '/')}.py and in {shown_of(contract, extension)}."
                    " Rename one of them."
                )
            seen[name] = contract
        for model in (*replacing, *additions):
            name = model.replaces or str(model.extends)
            base, given = seen[name], self.own(model)
            seen[name] = _merged(base, given, model, extension) if model.extends else _called(given, name)
            self._around[model.level, model.stem] = base, seen[name]
        return seen


def _merged(
    base: type[Contract], added: type[Contract], addition: Model, extension: Extension
) -> type[Contract]:
    """A contract with the columns and checks of another after its own."""
    where = shown_of(added, extension)
    if twice := [name for name in added.columns() if name in base.columns()]:
        raise ModelError(
            f"{where} adds the column {', '.join(twice)}, which {base.table()} has already."
            f" The contract of what {addition.path} adds holds new columns alone; give it another name."
        )
    if added.key():
        raise ModelError(f"{where} names a key, and that of {base.table()} stays. Remove `unique`.")
    config = type("Config", (), {"strict": True, "ordered": True, "unique": base.key() or None})
    return type(
        base.__name__,
        (added, base),
        {"__doc__": base.__doc__, "__module__": base.__module__, "Config": config},
    )


def _called(contract: type[Contract], table: str) -> type[Contract]:
    """A contract under the name of a table."""
    if contract.table() == table:
        return contract
    name = "".join(part.title() for part in table.split("_"))
    config = type("Config", (), {"strict": True, "ordered": True, "unique": contract.key() or None})
    return type(
        name, (contract,), {"__doc__": contract.__doc__, "__module__": contract.__module__, "Config": config}
    )
