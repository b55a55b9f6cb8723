"""OpenLineage: what a build read and made, told to whoever listens, with lineage column by column.

https://openlineage.io/docs/spec/object-model

One run of the job `build`, and below it one of each table that was made. Where events go is said as for every
client of OpenLineage: by `OPENLINEAGE_URL`, `OPENLINEAGE_CONFIG` or a file `openlineage.yml`. Names of tables
follow https://openlineage.io/docs/spec/naming.
"""

import datetime as dt
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    data_quality_assertions_dataset,
    documentation_dataset,
    error_message_run,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
    set_producer,
    sql_job,
)
from openlineage.client.uuid import generate_new_uuid

from pipeline.outputs.artifacts.ids import database_of
from pipeline.plan import Plan, PlanTable
from pipeline.plan.check_results import CheckResult
from pipeline.plan.lineage import FILTER, GROUP_KEY, JOIN_KEY, ORDER, ROWS, VALUE
from pipeline.run.results import RunResult, TableResult

PRODUCER = f"urn:aa-pipeline:{version('aa-pipeline')}"
NAMESPACE = "aa-pipeline"
BUILD = "build"
MADE = ("loaded", "full", "appended", "rebuilt")

# What our kinds of column lineage are called there.
TRANSFORMATIONS = {
    VALUE: ("DIRECT", "TRANSFORMATION"),
    FILTER: ("INDIRECT", "FILTER"),
    JOIN_KEY: ("INDIRECT", "JOIN"),
    GROUP_KEY: ("INDIRECT", "GROUP_BY"),
    ORDER: ("INDIRECT", "SORT"),
}


class BuildEvents:
    """Tells of one build: that it begins, and how it ended.

    Raises:
        Exception: whatever the transport raises that the environment names; a build goes on without it.
    """

    def __init__(self, client: OpenLineageClient | None = None) -> None:
        set_producer(PRODUCER)
        self.client = client or OpenLineageClient()
        self.run_id = str(generate_new_uuid())

    def start(self) -> None:
        """The build begins."""
        self.client.emit(self._of_build(RunState.START, dt.datetime.now(dt.UTC)))

    def finish(self, plan: Plan | None, result: RunResult | None, error: str | None) -> None:
        """The build has ended.

        Args:
            plan: what was built; None if there was none.
            result: what was done; None if an error ended it before.
            error: what went wrong, as people may see it.
        """
        told = [*self._of_tables(plan, result)] if plan and result else []
        failed = result is None or result.status != "success"
        state = RunState.FAIL if failed else RunState.COMPLETE
        ended = self._of_build(state, dt.datetime.now(dt.UTC))
        if plan and result:
            ended.inputs = [*_checked(plan, result)]
        if failed:
            message = error or "An audit failed."
            ended.run.facets = {"errorMessage": error_message_run.ErrorMessageRunFacet(message, "Python")}
        for event in [*told, ended]:
            self.client.emit(event)

    def _of_build(self, state: RunState, when: dt.datetime) -> RunEvent:
        return RunEvent(
            eventType=state,
            eventTime=when.isoformat(),
            run=Run(self.run_id, facets={}),
            job=Job(NAMESPACE, BUILD),
            producer=PRODUCER,
        )

    def _of_tables(self, plan: Plan, result: RunResult) -> Iterator[RunEvent]:
        """When each table was begun and done; of a build that failed, nothing was published."""
        at = result.started_at
        for done in result.tables:
            begun, at = at, at + dt.timedelta(seconds=done.seconds)
            table = plan.tables.get(done.name)
            if table is None or done.action not in MADE:
                continue
            run = Run(str(generate_new_uuid(begun)), facets={"parent": self._parent()})
            yield self._of_table(plan, result, table, done, RunState.START, begun, run)
            state = RunState.COMPLETE if result.status == "success" else RunState.FAIL
            yield self._of_table(plan, result, table, done, state, at, run)

    def _of_table(
        self,
        plan: Plan,
        result: RunResult,
        table: PlanTable,
        done: TableResult,
        state: RunState,
        when: dt.datetime,
        run: Run,
    ) -> RunEvent:
        facets: dict[str, Any] = {"sql": sql_job.SQLJobFacet(table.sql)} if table.sql else {}
        name = _name(plan, result.target, table)
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(done.row_count)
        output = OutputDataset(
            *name,
            facets={
                "schema": _schema(table),
                "documentation": documentation_dataset.DocumentationDatasetFacet(table.description),
                "columnLineage": _column_lineage(plan, result.target, table),
            },
            outputFacets={"outputStatistics": statistics} if state == RunState.COMPLETE else {},
        )
        return RunEvent(
            eventType=state,
            eventTime=when.isoformat(),
            run=run,
            job=Job(NAMESPACE, f"{table.schema}.{table.name}", facets=facets),
            producer=PRODUCER,
            inputs=[
                InputDataset(*_name(plan, result.target, plan.tables[upstream]))
                for upstream in table.depends_on
            ],
            outputs=[output],
        )

    def _parent(self) -> parent_run.ParentRunFacet:
        return parent_run.ParentRunFacet(parent_run.Run(self.run_id), parent_run.Job(NAMESPACE, BUILD))


def _name(plan: Plan, url: str, table: PlanTable) -> tuple[str, str]:
    """Namespace and name of a table."""
    database, parts = database_of(url, plan), urlsplit(url)
    stored = f"{table.schema}.{table.stored_name}"
    match plan.dialect:
        case "postgres":
            return f"postgres://{parts.hostname}:{parts.port or 5432}", f"{database}.{stored}"
        case "bigquery":
            return "bigquery", f"{database}.{stored}"
        case "duckdb" if database != "memory":
            return f"duckdb://{Path(url.removeprefix('duckdb://')).resolve()}", stored
        case _:
            return url.partition("?")[0], stored


def _schema(table: PlanTable) -> schema_dataset.SchemaDatasetFacet:
    return schema_dataset.SchemaDatasetFacet(
        [
            schema_dataset.SchemaDatasetFacetFields(column.name, column.native_type, column.description)
            for column in table.columns
        ]
    )


def _column_lineage(
    plan: Plan, url: str, table: PlanTable
) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    def inputs(edges: list[list[str]]) -> list[column_lineage_dataset.InputField]:
        found = []
        for upstream, column, kind in edges:
            if column == ROWS:  # whole rows, which are no field there
                continue
            type_, subtype = TRANSFORMATIONS[kind]
            how = column_lineage_dataset.Transformation(type=type_, subtype=subtype)
            name = _name(plan, url, plan.tables[upstream])
            found.append(column_lineage_dataset.InputField(*name, column, [how]))
        return found

    return column_lineage_dataset.ColumnLineageDatasetFacet(
        fields={
            column: column_lineage_dataset.Fields(inputs(edges))
            for column, edges in table.lineage.items()
            if column != ROWS
        },
        dataset=inputs(table.lineage.get(ROWS, [])),
    )


def _checked(plan: Plan, result: RunResult) -> Iterator[InputDataset]:
    """Every table of which something was checked, with what was found."""
    for name, table in plan.tables.items():
        of_table = [audit for audit in result.audits if audit.table == name and audit.status != "skipped"]
        if of_table:
            facet = data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
                [*map(_assertion, of_table)]
            )
            yield InputDataset(
                *_name(plan, result.target, table), inputFacets={"dataQualityAssertions": facet}
            )


def _assertion(audit: CheckResult) -> Any:
    return data_quality_assertions_dataset.Assertion(
        assertion=audit.kind,
        success=audit.status in ("passed", "proven"),
        column=audit.columns[0] if len(audit.columns) == 1 else None,
        severity=audit.severity,
        name=audit.audit,
        description=audit.description,
    )
