"""From models and contracts to a plan, with no data and no connection.

* `graph`: the models, read from files and function signatures; `contracts`: what their tables promise.
* `dialects`: how each engine writes queries and types; `renderings`: how it writes our operations.
* `analysis`: what expressions tell: keys and presence, column lineage, partitions, time drift.
* `checks`: what contracts promise, proven or as SQL.
* `compiler`: all of it together; `plan_cache` keeps what comes of it, so that it is seldom needed, and
  `shipped` what comes with the package, so that a new user does not wait for it either.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.compile.compiler import compile_plan

__all__ = ["compile_plan"]


def __getattr__(name: str) -> Any:
    # On demand: a command that finds its plan in the cache must not pay for Ibis and Pandera.
    if name == "compile_plan":
        from pipeline.compile.compiler import compile_plan

        return compile_plan
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
