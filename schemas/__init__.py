"""The contracts, one class per table: `schemas.FctAgentCosts.validate(table)`."""

from importlib import import_module
from typing import Any

MODULES = ("marts", "intermediate", "staging", "meta", "seeds", "raw")


def __getattr__(name: str) -> Any:
    """A contract by the name of its class; Pandera is imported only when one is asked for."""
    if name[:1].isupper():
        for module in map(import_module, (f"schemas.{module}" for module in MODULES)):
            if name in vars(module):
                return vars(module)[name]
    raise AttributeError(f"schemas has no contract {name}")
