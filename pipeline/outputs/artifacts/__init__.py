"""dbt's artifacts: what tools that read dbt projects read of this one.

https://docs.getdbt.com/reference/artifacts/dbt-artifacts

* `ids`: how tables and checks are called there;
* `manifest`: models, seeds, tests, sources, and what reads what (`manifest.json`, version 12);
* `results`: what a run did and found (`run_results.json`, version 6);
* `catalog`: tables, columns and types as they stand (`catalog.json`, version 1);
* `freshness`: how old the newest raw rows are (`sources.json`, version 3);
* `state`: how a project was defined when a manifest was written, to compare with;
* `folder`: writing them, beside the project.
"""
