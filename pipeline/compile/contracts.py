"""The contracts of a package, and those of an extension, by the name of their table."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from pipeline.errors import ModelError
from pipeline.extensions import Extension
from schemas.base import Contract

Contracts = dict[str, type[Contract]]


def contracts_of(package: str = "schemas") -> Contracts:
    """Every contract that a module of the package defines, by table, in order of definition.

    A class whose table no file builds, such as a common base of several contracts, does no harm.

    Raises:
        ModelError: two contracts are of the same table.
    """
    found: Contracts = {}
    for name in sorted(f"{package}.{info.name}" for info in iter_modules(import_module(package).__path__)):
        for contract in _defined(import_module(name)):
            if contract.table() in found:
                raise ModelError(
                    f"The table {contract.table()} has two contracts: in {name} and in"
                    f" {found[contract.table()].__module__}. Remove one of them."
                )
            found[contract.table()] = contract
    return found


def added_contracts(extension: Extension) -> Contracts:
    """Every contract of an extension, by the table that it is called like.

    Raises:
        ModelError: a file cannot be imported, two contracts are called alike, or one says what none can.
    """
    found: Contracts = {}
    for file in extension.files("schemas"):
        shown = extension.shown(file)
        for contract in _defined(extension.load(file)):
            where = f"{shown}:{_line(contract)}"
            if contract.table() in found:
                other = shown_of(found[contract.table()], extension)
                raise ModelError(
                    f"Two contracts are called {contract.__name__}: {other} and {where}. Remove one of them."
                )
            try:
                contract.columns()
            except Exception as error:  # Pandera and Ibis say it in many ways
                first = str(error).partition("\n")[0]
                raise ModelError(
                    f"{where}: the contract {contract.__name__} cannot be understood: {first}. A column is"
                    " written `name: type = column(…)`, and its type is int, float, str, bool, dt.date,"
                    " UtcTimestamp or Decimal."
                ) from error
            found[contract.table()] = contract
    return found


def shown_of(contract: type[Contract], extension: Extension) -> str:
    """File and line of an extension's contract."""
    file = inspect.getsourcefile(contract)
    return f"{extension.shown(Path(str(file)))}:{_line(contract)}"


def _defined(module: ModuleType) -> Iterator[type[Contract]]:
    if module.__name__ == "schemas.base":
        return
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, Contract) and value.__module__ == module.__name__:
            yield value


def _line(contract: type[Contract]) -> int:
    import linecache

    linecache.checkcache()
    try:
        return inspect.getsourcelines(contract)[1]
    except OSError:
        return 1
