"""The tables in a notebook: live Ibis tables, the report, the lineage, and builds.

    from pipeline import Pipeline

    aa = Pipeline()
    aa.fct_agent_costs.group_by("agent_type").agg(usd=ibis._.daily_cost_usd.sum())

* `connection`: an Ibis connection that holds no database between executions.
* `views`: how models, builds, reports and lineage show themselves.
* `aa-pipeline-guide.ipynb`: a notebook that answers questions; `aa-pipeline notebook` copies it.
"""

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir

from pipeline.compile import plan_cache
from pipeline.config import load_config
from pipeline.engines import connect, dialect_of, exists, module_of
from pipeline.errors import ModelError, did_you_mean
from pipeline.notebook.views import BuildView, LineageView, Models, ReportView
from pipeline.plan.layers import AS_LOOKED_FOR
from pipeline.privacy.pseudonyms import Pseudonyms
from pipeline.system.pseudonyms import without_people

if TYPE_CHECKING:
    import datetime as dt

    from pipeline.engines.base import Engine

# Databases that let one process in: a connection that stays open would stop every build.
ONE_PROCESS = ("duckdb", "pyspark")


class Pipeline:
    """The pipeline of a folder and a target; its tables are attributes.

    Nothing but `build` writes. A DuckDB file or a Spark warehouse is open only while something is executed:
    an open notebook stops no build, and a build breaks no notebook.

    A model is a function that takes tables, these or others, and is executed where they are. With rows from
    memory alone: `aa.ibis.execute(fct_daily_agent_usage(ibis.memtable(rows)))`.

    Args:
        target: a configured name, a connection URL, or a path ending in `.duckdb`; what the configuration
            says if None.
        folder: the project, with `aa-pipeline.toml` and `seeds/` if there are any.
        wait: seconds to wait for a database that another process holds.

    Raises:
        ConfigError: the configuration is wrong.
        TargetError: the target is unknown.
    """

    def __init__(self, target: str | None = None, *, folder: str | Path = ".", wait: float = 5.0) -> None:
        folder = Path(folder).resolve()
        self.config = load_config(folder)
        found = self.config.target(target)
        url = _inside(found.url, folder)
        self.target = replace(found, url=url, name=url if found.name == found.url else found.name)
        self.wait = wait

    @contextmanager
    def connect(self, *, read_only: bool = True) -> "Iterator[Engine]":
        """The database, open; closed at the end.

        Raises:
            TargetError: there is no such database, or it cannot be reached.
            DatabaseLockedError: another process holds it.
        """
        with connect(
            self.target.url,
            read_only=read_only or not exists(self.target.url),  # which says that it is not there
            wait=self.wait,
            memory_limit=self.config.memory_limit,
            options=self.target.options,
        ) as engine:
            if self.config.privacy.pseudonyms:
                engine.url = without_people(engine.url)
            yield engine

    def table(self, name: str) -> ir.Table:
        """A live table: `fct_agent_costs`, or with its schema, `raw.otel_logs`.

        Raises:
            ModelError: the database holds no such table.
        """
        with self.connect() as engine:
            there = engine.kinds()
        schemas = dict.fromkeys(layer.schema for layer in AS_LOOKED_FOR)
        found = [key for schema in schemas for key in there if key[0] == schema]
        for schema, stored in found:
            if name in (stored, f"{schema}.{stored}"):
                return self.ibis.table(stored, database=schema)
        hint = did_you_mean(name, [stored for _, stored in found])
        raise ModelError(
            f"{self.target} holds no table {name}.{hint} `aa.models` lists what there can be;"
            " `aa.build()` makes it."
        )

    @cached_property
    def ibis(self) -> Any:
        """The Ibis connection behind the tables."""
        from pipeline.notebook.connection import connected, on_demand

        dialect = dialect_of(self.target.url)
        if dialect in ONE_PROCESS:
            return on_demand(dialect, self.connect)
        # A server's connection stands in nobody's way.
        server = connect(self.target.url, read_only=True, wait=self.wait, options=self.target.options)
        connection = connected(server)
        weakref.finalize(connection, server.close)
        return connection

    def sql(self, query: str) -> ir.Table:
        """A query in the database's own SQL, as a table: `aa.sql("SELECT 1 AS one").execute()`."""
        table: ir.Table = self.ibis.sql(query)
        return table

    @cached_property
    def models(self) -> Models:
        """Every table of the pipeline by name, with columns, descriptions and SQL."""
        plan = plan_cache.load_any(dialect_of(self.target.url), self.config)
        return Models(plan.tables)

    def build(
        self,
        select: str | Iterable[str] = (),
        *,
        exclude: str | Iterable[str] = (),
        full_refresh: bool = False,
    ) -> BuildView:
        """Load seeds, build models, audit them, and publish if the audits pass.

        Args:
            select: dbt's grammar, such as `"+fct_agent_costs"`; everything if empty.
            exclude: what to leave out.
            full_refresh: build everything anew, changed or not.

        Raises:
            PipelineError: what the command `build` would say.
        """
        from pipeline import run
        from pipeline.plan.selection import select as selected

        pseudonyms = None
        if self.config.privacy.pseudonyms:
            pseudonyms = Pseudonyms.of_project(self.config)
        with self.connect(read_only=False) as engine:
            plan = plan_cache.load(engine.dialect, self.config, engine.shapes("raw"))
            names = selected(plan.tables, _words(select), _words(exclude))
            result = run.build(
                engine,
                plan,
                selected=names,
                project_dir=self.config.project_dir,
                pseudonyms=pseudonyms,
                full_refresh=full_refresh,
            )
        return BuildView(result)

    def metric(
        self,
        name: str,
        by: str | Sequence[str] = (),
        *,
        where: Mapping[str, str | Sequence[str]] | None = None,
        since: "dt.date | str | None" = None,
        until: "dt.date | str | None" = None,
    ) -> Any:
        """A metric as the dashboard computes it: `aa.metric("cost_per_commit", by="agent")`.

        `aa-pipeline metrics list` lists metrics and what each can be told apart by.

        Args:
            name: of the metric.
            by: the dimensions that rows are told apart by.
            where: values by dimension that count: `{"agent": ["codex", "amp"]}`; everything if not given.
            since: the first day that counts.
            until: the last one.

        Returns:
            A pandas data frame of the dimensions, the metric, and the reason where there is no value. What
            must be known of the numbers is in `attrs["notes"]`, the metric of all rows in `attrs["total"]`:
            of ratios and of people it is not the sum of the rows.

        Raises:
            ModelError: a mart is not published.
            SelectionError: there is no such metric, dimension or value, or it is not told.
        """
        import pandas as pd

        from pipeline.outputs.metrics import query_metric

        with self.connect() as engine:
            settings = self.config.figure_settings()
            answer = query_metric(engine, name, by=by, where=where, since=since, until=until, **settings)
        rows = [(*answer.labels(row).values(), row.value, row.reason) for row in answer.rows]
        frame = pd.DataFrame(rows, columns=[*answer.question.by, name, "reason"])
        frame.attrs = {"notes": answer.notes, "total": answer.total.value if answer.total else None}
        return frame

    def report(self, run_id: str | None = None) -> ReportView:
        """The schema validation report of the last run, or of another; the beginning of its id will do.

        Raises:
            PipelineError: there was no such run.
        """
        from pipeline.outputs.report import read_report

        with self.connect() as engine:
            return ReportView(read_report(engine, run_id, min_group=self.config.privacy.min_group))

    def why(self, table: str, column: str, /, *, limit: int = 10, **key: Any) -> dict[str, Any]:
        """Why a number is what it is: the rows above it, layer by layer, down to raw records.

            aa.why("fct_agent_costs", "daily_cost_usd", date="2026-11-03", agent_type="codex")

        Args:
            table: a published table.
            column: of it.
            limit: how many rows of each layer are listed; the others are summed up.
            key: values of its key; not all of them as long as one row is meant.

        Raises:
            SelectionError: no single value is meant.
            ModelError: the table is not published.
        """
        from pipeline.ingest.origins.origins import find_origins
        from pipeline.outputs.why.explain import Explainer

        with self.connect() as engine:
            plan = plan_cache.load(engine.dialect, self.config, engine.shapes("raw"))
            explainer = Explainer(
                engine,
                plan,
                project_dir=self.config.project_dir,
                find_origins=partial(find_origins, engine),
            )
            return explainer.why(table, column, key, limit=limit).to_dict()

    def lineage(self, name: str) -> LineageView:
        """What a table, or a column written `table.column`, comes from and where it goes.

        Raises:
            SelectionError: there is no such table or column.
        """
        from pipeline.plan.lineage import find

        return LineageView(self.models, *find(self.models, name))

    def __getattr__(self, name: str) -> ir.Table:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.table(name)
        except ModelError as error:
            raise AttributeError(str(error)) from error

    def __dir__(self) -> list[str]:
        tables = [table.name for table in self.models.values() if table.kind != "source"]
        return sorted({*super().__dir__(), *tables})

    def __repr__(self) -> str:
        return f"Pipeline({str(self.target)!r})"


def _inside(url: str, folder: Path) -> str:
    """A URL whose database file, if it names one, is found from any working directory."""
    path = url.removeprefix("duckdb://")
    if module_of(url) != "duckdb" or path in ("", ":memory:"):
        return url
    return f"duckdb://{folder / path}"


def _words(selection: str | Iterable[str]) -> list[str]:
    return [selection] if isinstance(selection, str) else list(selection)
