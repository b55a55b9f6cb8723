"""The plan: what is made, what it reads and what must hold of it, as plain data.

* `plan`: the data, and its JSON.
* `bind`: from what the compiler makes to the plan of one database, where `raw_tables` may be of other types.
* `check_settings`: what the configuration says of its checks.
* `render`: its SQL as a database can run it.
* `selection`: dbt's grammar, answered from a plan.
* `lineage`: walks along the columns of a plan.
* `check_results`: from counts of failing rows to results.
* `contract_diff`: what a change of a contract breaks.

Standard library only: running a plan needs no Ibis, no Pandera and no pandas.
"""

from pipeline.plan.plan import Check, Plan, PlanColumn, PlanLookup, PlanTable

__all__ = ["Check", "Plan", "PlanColumn", "PlanLookup", "PlanTable"]
