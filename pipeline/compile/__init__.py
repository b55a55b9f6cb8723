"""From models and contracts to a plan, with no data and no connection.

* `contracts`: the contracts of a package, by table.
* `dialects`: how each engine writes queries and types.
* `raw`: raw tables as they are, read as their contracts say.
* `compiler`: all of it together.
"""

from pipeline.compile.compiler import compile_plan

__all__ = ["compile_plan"]
