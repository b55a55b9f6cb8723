"""The dashboard as Markdown: the cards and tables of its views, as the declared metrics are computed.

What the page adds up for itself is not here: charts, single commits, cohorts, and budgets of a month's days.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pipeline.engines.base import Engine
from pipeline.errors import SelectionError
from pipeline.outputs.dashboard.charges import bills, unused_seats
from pipeline.outputs.dashboard.chosen import FILTERS, Chosen
from pipeline.outputs.dashboard.data import standings
from pipeline.outputs.dashboard.metrics import OF_THE_PAGE
from pipeline.outputs.dashboard.requests import merged_requests
from pipeline.outputs.dashboard.views import OF_MONTH, RETURN_OF_COMMITS, VIEWS, View
from pipeline.outputs.digest.document import Figure, table_of
from pipeline.outputs.digest.render import figure_lines, headline, table_lines
from pipeline.outputs.marts import AGENTS, COMMITS, DEVELOPERS, window_start
from pipeline.outputs.metrics import METRICS, Answer, query_metric
from pipeline.outputs.metrics.question import ask
from pipeline.outputs.metrics.shown import period, shown
from pipeline.outputs.pages.ours import SIGNED
from pipeline.outputs.report.escaping import markdown_text

MOST_ROWS = 100
DAY = dt.timedelta(days=1)
REQUEST_COLUMNS = ("merged_requests", "request_cost", "request_hours", "reverted_share")


def render(
    engine: Engine,
    chosen: Chosen,
    views: Sequence[str],
    *,
    timezone: str = "UTC",
    window_days: int = 90,
    min_group: int = 1,
) -> str:
    """Views as Markdown.

    Args:
        engine: an open database whose marts are published.
        chosen: the filters.
        views: of `VIEWS`.
        timezone: in which days begin.
        window_days: how many days of commits and Copilot reports the marts keep.
        min_group: the least number of people behind any figure.

    Raises:
        ModelError: a mart is not published.
    """
    if chosen.first is None:
        return f"# Nothing to show yet\n\n{SIGNED}\n"
    document = _Document(engine, chosen, timezone, window_days, min_group)
    lines = [line for name in views for line in document.view(name)]
    return "\n".join([*document.head(), *lines, *document.foot()])


class _Document:
    def __init__(
        self, engine: Engine, chosen: Chosen, timezone: str, window_days: int, min_group: int
    ) -> None:
        self.engine, self.chosen, self.timezone, self.min_group = engine, chosen, timezone, min_group
        self.settings: dict[str, Any] = {
            "timezone": timezone,
            "window_days": window_days,
            "min_group": min_group,
        }
        self.window = window_start(engine, timezone, window_days)
        self.notes: dict[str, None] = {}

    def head(self) -> list[str]:
        """What it is all about: its headline, days, and what is chosen."""
        view = self._view("return")
        first, last = self._days(view)
        found = (self._figure(name, first, last, view) for name in view.figures[:2])
        cost, commits = (figure.value if figure else None for figure in found)
        said = headline(cost, commits, "these days")
        days = period(self.chosen.first or first, last)
        only = "; ".join(f"{what} {', '.join(values)}" for what, values in self.chosen.where.items())
        told = f"{days}, only {only}" if only else days
        return [f"# {said}", "", markdown_text(told), ""]

    def view(self, name: str) -> Iterator[str]:
        """A heading, a table of figures, and tables of what they consist of."""
        view = self._view(name)
        first, last = self._days(view)
        figures = [found for one in view.figures if (found := self._figure(one, first, last, view))]
        before = self._before(first, last, view)
        yield from (f"## {view.name}", "")
        yield from figure_lines(
            figures, period(first, last), period(*before) if before else "the days before are not known"
        )
        for title, by, metrics in view.tables:
            answers = {metric: self._ask(metric, first, last, view, (by,)) for metric in metrics}
            table = table_of(
                title, by, answers, names=self._names(by), most=MOST_ROWS, min_group=self.min_group
            )
            if table:
                yield from ("", f"### {table.title}", "", *table_lines(table))
        if name == "cost":
            yield from self._charges()
        if name == "git" and self.min_group == 1:
            yield from self._requests()
        yield ""

    def foot(self) -> list[str]:
        """What must be known of these numbers."""
        notes = [line for note in self.notes for line in (markdown_text(note), "")]
        return [*notes, f"Days begin in {markdown_text(self.timezone)} · {SIGNED}", ""]

    def _view(self, name: str) -> View:
        of_commits = name == "return" and "project" in self.chosen.where
        return RETURN_OF_COMMITS if of_commits else VIEWS[name]

    def _days(self, view: View) -> tuple[dt.date, dt.date]:
        first, last = self.chosen.first, self.chosen.last
        assert first
        assert last
        return (min(max(first, self.window), last) if view.is_windowed and self.window else first), last

    def _before(self, first: dt.date, last: dt.date, view: View) -> tuple[dt.date, dt.date] | None:
        """As many days just before; None where there are not so many."""
        since = first - (last - first) - DAY
        earliest = self.chosen.earliest
        if view.is_windowed and self.window and earliest:
            earliest = max(earliest, self.window)
        return None if earliest is None or since < earliest else (since, first - DAY)

    def _figure(self, metric: str, first: dt.date, last: dt.date, view: View) -> Figure | None:
        now = self._ask(metric, first, last, view)
        if now is None or now.total is None:
            return None
        row, days = now.total, self._before(first, last, view)
        if metric not in OF_MONTH:  # whose notes are of other days
            self.notes |= dict.fromkeys(now.notes)
        was = self._ask(metric, *days, view) if days and metric not in OF_MONTH else None
        before = was.total.value if was and was.total else None
        found = Figure(metric, row.value, before, row.reason)
        if row.decisions is None or row.low is None or row.high is None:
            return found
        return replace(found, decisions=(row.decisions, row.low, row.high))

    def _ask(
        self, metric: str, first: dt.date, last: dt.date, view: View, by: tuple[str, ...] = ()
    ) -> Answer | None:
        """An answer, narrowed by what the metric can be told by; None where it is not told of groups."""
        told = {*METRICS[metric].dimensions} - ({"project"} if not view.has_projects else set())
        asked: dict[str, Any] = {
            "by": by,
            "where": {
                dimension: values for dimension, values in self.chosen.where.items() if dimension in told
            },
            "since": first,
            "until": last,
        }
        try:
            ask(metric, **asked, min_group=self.min_group)
        except SelectionError:
            return None
        return query_metric(self.engine, metric, **asked, **self.settings, is_there=True)

    def _names(self, by: str) -> dict[str, str]:
        if by == "agent":
            table = self.engine.name("mart", AGENTS)
            return dict(self.engine.fetch(f"SELECT agent_type, agent_display_name FROM {table}"))
        if by != "developer":
            return {}
        rows = self.engine.fetch(
            f"SELECT developer_id, developer_name FROM {self.engine.name('mart', DEVELOPERS)}"
        )
        counts = Counter(name for _, name in rows)
        # Two people of one name are told apart by their ids.
        return {key: f"{name} ({key})" if counts[name] > 1 and name != key else name for key, name in rows}

    def _requests(self) -> Iterator[str]:
        """Merged pull requests by project; they are kept for a window of their own."""
        lists = {f"{dimension}s": [*self.chosen.where.get(dimension, ())] for dimension in FILTERS}
        chosen = {dimension for dimension in FILTERS if lists[f"{dimension}s"]}
        lists["projects"] = lists["projects"] or self._projects()
        first, last = self._days(VIEWS["team"])
        found = merged_requests(self.engine, self.timezone, first, lists)
        sums: dict[str, list[int]] = {}
        for row in found["rows"]:
            request = dict(zip(found["columns"], row, strict=True))
            if request["day"] > last or any(request[dimension] is None for dimension in chosen):
                continue
            place = request["project"]
            total = sums.setdefault("No project" if place is None else lists["projects"][place], [0] * 5)
            for at, name in enumerate(("merged", "costed", "nano", "seconds", "reverted")):
                total[at] += request[name]
        yield from _page_table(
            "Pull requests",
            REQUEST_COLUMNS,
            [
                (
                    *(project, merged),
                    nano / 1e9 / costed if costed else None,
                    seconds / 3600 / merged,
                    reverted / merged,
                )
                for project, (merged, costed, nano, seconds, reverted) in sorted(
                    sums.items(), key=lambda item: -item[1][0]
                )
            ],
        )

    def _projects(self) -> list[str]:
        table = self.engine.name("mart", COMMITS)
        rows = self.engine.fetch(f"SELECT DISTINCT project_id FROM {table} WHERE project_id IS NOT NULL")
        return sorted(project for (project,) in rows)

    def _charges(self) -> Iterator[str]:
        """Budgets, bills and seats, whatever is chosen."""
        columns = ("budget_limit", "budget_spent", "budget_forecast", "budget_low", "budget_high")
        amounts = ("budget_usd", "spent_usd", "forecast_usd", "forecast_low_usd", "forecast_high_usd")
        yield from _page_table(
            "Budgets and what they will have cost, as of the last build",
            (*columns, "budget_status"),
            [
                (
                    f"{one['scope']}, {one['period']}",
                    *(one[amount] for amount in amounts),
                    one["status"].replace("_", " "),
                )
                for one in standings(self.engine, self.timezone, self.min_group)
            ],
        )
        if self.min_group > 1:  # a bill may be one person's
            return
        yield from _page_table(
            "Bills against estimates",
            ("billed", "estimated", "bill_gap"),
            [
                (
                    f"{one['month']} {one['provider']}",
                    *(one["billed"], one["estimated"]),
                    one["billed"] - one["estimated"],
                )
                for one in bills(self.engine)
            ],
        )
        yield from _page_table(
            "Seats that nobody has used for 30 days",
            ("seat_price", "seat_plan", "seat_last_used"),
            [
                (one["developer"], one["usd"], f"{one['agent']}, {one['plan']}", one["last_used"])
                for one in unused_seats(self.engine)
            ],
        )


def _page_table(title: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Iterator[str]:
    """A table of what only the page has; nothing without rows."""
    if not rows:
        return
    yield from ("", f"### {title}", "")
    yield f"| | {' | '.join(OF_THE_PAGE[name].label for name in columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for name, *values in rows:
        cells = [
            _cell(OF_THE_PAGE[column].unit, value) for column, value in zip(columns, values, strict=True)
        ]
        yield f"| {markdown_text(name)} | {' | '.join(cells)} |"


def _cell(unit: str, value: Any) -> str:
    return markdown_text(value) if isinstance(value, str) else shown(unit, value)
