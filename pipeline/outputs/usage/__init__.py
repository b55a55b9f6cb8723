"""Usage as people ask for it: what was used in a day, a session or a block of five hours, and its cost.

* `read`: sums from the published tables, `intermediate.int_usage_costs` and `staging.stg_agent_sessions`.
* `blocks`: which hours are one block.
* `figures`: what is summed, and how sums of it are made.
"""

from pipeline.outputs.usage.figures import Figures, Row, Usage
from pipeline.outputs.usage.read import KINDS, TABLES, read_usage

__all__ = ["KINDS", "TABLES", "Figures", "Row", "Usage", "read_usage"]
