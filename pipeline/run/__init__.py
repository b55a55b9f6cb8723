"""Running a plan on an engine: load seeds, build tables, audit, publish.

Needs no Ibis, no Pandera and no pandas; a warm command imports nothing but the standard library
and the engine's driver.

* `build`, `run`, `seed` publish; `audit` looks at what is published (the command `test`).
* `results`: what they return.
* `published`: what the database holds, and from which code and inputs.
* `auditing`: from the audits of a plan to results; `gate`: which of them a build runs.
* `record`: the books, in the schema `meta`.
* `estimating`: what a build would read, where that is billed.
"""

from pipeline.run.audits import audit
from pipeline.run.builder import build, run, seed
from pipeline.run.estimates import Estimate, estimate
from pipeline.run.results import FailingRow, RunResult, TableResult

__all__ = [
    "Estimate",
    "FailingRow",
    "RunResult",
    "TableResult",
    "audit",
    "build",
    "estimate",
    "run",
    "seed",
]
