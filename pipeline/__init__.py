"""aa-pipeline: what coding agents cost, who uses them and what comes of it.

In a notebook: `from pipeline import Pipeline`.

## From records to pages

```text
agents' records, git ── ingest ──> raw.* ─┐
CSV files ───────────── seeds ────────────┤
                                          ├─ run ──> staging.* intermediate.* mart.* meta.*
models ──┬── compile ──> plan ────────────┘                       │
schemas ─┘                                                        │ outputs, notebook
                                                                  ▼
                                            report, docs, dashboard, BI tools, notebooks
```

* A **model** is a function over Ibis tables, named like the table that it makes. Its parameters are the
  tables that it reads; it holds no connection and executes nothing. A test or a notebook calls it with
  any tables.
* A **contract** is one class in `schemas` per table, and the only place that describes it: columns,
  types, key, references, closed lists, checks, and the sentences of this documentation.
* A **plan** is what the compiler makes of models and contracts for one database: for each table its SQL,
  what it reads, its checks as SQL, where each column comes from, and a fingerprint. It is plain data,
  kept as JSON, and is made anew when anything that it was made from changes. Running it needs no Ibis, no
  Pandera and no pandas, which is why a build with nothing new takes a blink.
* An **engine** is the few things in which databases differ: connect, list columns, execute, fetch,
  publish. Each is spoken to through its own driver.
* A **run** walks the plan on an engine: load seeds, build what has changed, check it, publish. On DuckDB
  and PostgreSQL all of it is one transaction: a check of severity error rolls everything back, and
  readers see the old tables or the new ones, never a mixture. Elsewhere new versions are built first, and
  then the views that people read are pointed at them. What was found, failing rows included, is kept in
  `meta`.
* A **law** is a function like a model that returns the rows which break it: tokens and money of one layer
  must be found again in the next. Every build asks all of them.

## Where things are

```text
8  cli  notebook  testing        what people start
7  demo  ingest  outputs         made-up data; records into raw; results out of meta and mart
6  compile  run                  models and contracts to a plan; a plan on an engine
5  privacy                       pseudonyms instead of people
4  engines  models  seeds        databases; tables as functions; lists that people edit
3  agents  schemas               what is known of each agent; contracts
2  extensions                    what plugins and a project's folder add to models, schemas, agents and seeds
1  config  plan  system          settings; what compile hands to run; files and processes
0  errors                        what is said when something is wrong
```

A folder imports only from lines below its own, never from its own line; a test reads the imports and
proves it. So the compiler and the run know nothing of each other: all that they share is the plan.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.notebook import Pipeline

__all__ = ["Pipeline"]


def __getattr__(name: str) -> Any:
    # On demand: models and commands import this package too, and must not pay for a notebook.
    if name == "Pipeline":
        from pipeline.notebook import Pipeline

        return Pipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
