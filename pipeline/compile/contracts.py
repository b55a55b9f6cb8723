"""The contracts of a package, by the name of their table."""

import inspect
from importlib import import_module
from pkgutil import iter_modules

from pipeline.errors import ModelError
from schemas.base import Contract


def contracts_of(package: str = "schemas") -> dict[str, type[Contract]]:
    """Every contract that a module of the package defines, by table, in order of definition.

    A class whose table no file builds, such as a common base of several contracts, does no harm.

    Raises:
        ModelError: two contracts are of the same table.
    """
    found: dict[str, type[Contract]] = {}
    for module in sorted(f"{package}.{info.name}" for info in iter_modules(import_module(package).__path__)):
        for value in vars(import_module(module)).values():
            if not (inspect.isclass(value) and issubclass(value, Contract)):
                continue
            if value.__module__ != module or module == "schemas.base":
                continue
            if value.table() in found:
                raise ModelError(
                    f"The table {value.table()} has two contracts: in {module} and in"
                    f" {found[value.table()].__module__}. Remove one of them."
                )
            found[value.table()] = value
    return found
