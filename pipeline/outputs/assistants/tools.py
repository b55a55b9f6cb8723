"""The questions of assistants: metrics, and what tables mean.

No statement comes from outside. Of rows leaves what metrics and explanations show, and no text of people.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.engines.base import Engine
from pipeline.errors import SelectionError, did_you_mean
from pipeline.outputs.metrics import METRICS, query_metric
from pipeline.outputs.metrics.expressions import DIMENSIONS
from pipeline.plan import PlanTable
from pipeline.plan.contract_diff import contract

if TYPE_CHECKING:
    from pipeline.outputs.why.explain import Explainer

MOST_ROWS = 1_000
MOST_EXPLAINED = 20


@dataclass(frozen=True)
class Tools:
    """Every public method is a tool; its docstring is what an assistant reads.

    Attributes:
        connect: opens the database to read; closed after each question, so that builds are not held up.
        explainer: opens it to explain cells.
        tables: the tables of the plan by name.
        settings: what figures depend on (`Config.figure_settings`).
    """

    connect: Callable[[], AbstractContextManager[Engine]]
    explainer: "Callable[[], AbstractContextManager[Explainer]]"
    tables: Callable[[], Mapping[str, PlanTable]]
    settings: Mapping[str, Any]

    def list_metrics(self) -> dict[str, Any]:
        """List every metric about coding agents: cost, tokens, sessions, active developers, commits and more.

        Each has its meaning, unit, and the dimensions that it can be told apart and filtered by. Read it
        before the first query_metric.
        """
        return {
            "metrics": [{"name": name, **metric.document()} for name, metric in METRICS.items()],
            "dimensions": DIMENSIONS,
        }

    def query_metric(
        self,
        name: str,
        by: list[str] | None = None,
        where: dict[str, list[str]] | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int = 100,
    ) -> dict[str, Any]:
        """Get the values of one metric, as the dashboard shows them.

        by: dimensions, one row for each of their values, such as ["month", "agent"]; without it one number.
        where: values that count, such as {"agent": ["codex", "amp"]}.
        since, until: the first and the last day that count, as 2026-11-01.
        limit: how many rows at most, 1 to 1000; is_cut tells that there are more.

        The total is the metric of all that counts: never add up rows of ratios or of people. A value of null
        is not 0: reason says why there is none. Tell people the notes.
        """
        if not 1 <= limit <= MOST_ROWS:
            raise SelectionError(f"limit is 1 to {MOST_ROWS}, not {limit}.")
        with self.connect() as engine:
            answer = query_metric(
                engine,
                name,
                by=by or (),
                where=where,
                since=since,
                until=until,
                **self.settings,
            )
        return answer.document(limit)

    def explain_number(self, table: str, column: str, key: dict[str, str], limit: int = 5) -> dict[str, Any]:
        """Explain why one value of a table is what it is, layer by layer down to raw records.

        table, column: as describe_table has them, such as fct_agent_costs and daily_cost_usd.
        key: values of columns of its key that name one row, as {"date": "2026-11-03", "agent_type": "amp"}.
        limit: how many rows of each layer to list, 1 to 20; more_amount sums up the others.

        says is the arithmetic in words. The amounts of a layer add up to the value above it if adds_up is
        true. left_out tells what does not count, and why.
        """
        if (least := self.settings["min_group"]) > 1:
            raise SelectionError(
                f"Single rows are explained to nobody here: groups have at least {least} people ([privacy]"
                " min_group). query_metric tells of groups."
            )
        if not 1 <= limit <= MOST_EXPLAINED:
            raise SelectionError(f"limit is 1 to {MOST_EXPLAINED}, not {limit}.")
        with self.explainer() as explainer:
            return explainer.why(table, column, key, limit=limit).to_dict()

    def list_tables(self) -> dict[str, Any]:
        """List the tables behind the metrics: what one row of each is, and which tables it is made of."""
        return {
            "tables": [
                {
                    "name": table.name,
                    "layer": table.layer,
                    "kind": table.kind,
                    "description": table.description.partition("\n")[0],
                    "made_of": [*table.depends_on],
                }
                for table in self.tables().values()
            ]
        }

    def describe_table(self, name: str) -> dict[str, Any]:
        """Tell what a table promises: its key, each column with type and meaning, and the checks of its rows.

        name: as list_tables has it, such as fct_git_commits.
        """
        tables = self.tables()
        if name not in tables:
            raise SelectionError(
                f"There is no table {name}.{did_you_mean(name, tables)} list_tables lists them."
            )
        return contract(tables[name])
