"""Checks: what contracts promise, proven from an expression or counted by SQL.

* `contract_checks`: a contract as a list of checks, each with its expressions.
* `proof`: which of them follow from the expression that makes the table.
* `sql`: the checks of a table with their SQL, made to be fused into one query per table.
* `laws`: what must hold across tables, from `models/laws`; `freshness`: how old raw rows may be.

Only the compiler needs this package; a run works on the plan alone (`pipeline.plan.check_results`).
"""
