"""Audits: what contracts promise, as facts that are proven from an expression or counted by SQL.

* `facts`: a contract as a list of facts.
* `proof`: which of them follow from the expression that makes the table.
* `sql`: the rest as SQL, made to be fused into one query per table.
* `laws`: what must hold across tables, from `models/laws`.

Only the compiler needs this package; a run works on the plan alone (`pipeline.plan.check_results`).
"""
