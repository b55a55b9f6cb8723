"""Running a plan on an engine: load seeds, build tables, check, publish.

Needs no Ibis, no Pandera and no pandas; a warm command imports nothing but the standard library
and the engine's driver.

* `builder`: `build`, `run` and `seed`, which publish; `incremental`: tables rebuilt in part.
* `audits`: `audit`, which checks what is published (the command `test`).
* `auditor`: from the checks of a plan to results; `publish_checks`: which of them a build runs.
* `state`: what the database holds, and from which code and inputs.
* `results`: what all of them return; `record`: the same as run metadata, in the schema `meta`;
  `failures`: all failing rows, where that is asked for.
* `retry`: what the last run was, and which tables it has to deal with once more if it failed.
* `defer`: tables of another target, read in the place of those that have not been built.
* `up_to_date`: whether a build would do anything.
* `recompute`: whether what is published is what the plan makes; `seed_rows`: what seeds are loaded with.
* `data_diff`: what a change does to the data; `scratch`: where both versions of it are built.
* `estimates`: what a build would read, where that is billed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.run.audits import audit
    from pipeline.run.builder import build, run, seed
    from pipeline.run.estimates import Estimate, estimate
    from pipeline.run.results import FailingRow, RunResult, TableResult
    from pipeline.run.up_to_date import is_up_to_date

__all__ = [
    "Estimate",
    "FailingRow",
    "RunResult",
    "TableResult",
    "audit",
    "build",
    "estimate",
    "is_up_to_date",
    "run",
    "seed",
]

WHERE = {
    "audits": ("audit",),
    "builder": ("build", "run", "seed"),
    "estimates": ("Estimate", "estimate"),
    "results": ("FailingRow", "RunResult", "TableResult"),
    "up_to_date": ("is_up_to_date",),
}


def __getattr__(name: str) -> Any:
    # On demand: who only asks whether there is anything to do must not pay for what does it.
    for module, names in WHERE.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
