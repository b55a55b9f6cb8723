"""Dashboards for BI tools over the schema `mart`, on DuckDB and on PostgreSQL.

* `panels`: what they show, as SQL that both engines understand.
* `grafana`: `grafana-duckdb.json` and `grafana-postgres.json`, to import in Grafana.
* `metabase`: `metabase.json`, and `python -m pipeline.outputs.bi.metabase`, which brings it into Metabase.

`python -m pipeline.outputs.bi` writes the files anew after a change of the panels.

They ask the database, and whoever sees them may ask it something else: `[privacy] min_group` ends here.
"""
