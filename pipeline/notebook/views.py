"""How models, builds, reports and lineage show themselves in a notebook, and as text elsewhere."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from pipeline.plan import PlanTable
from pipeline.plan.layers import ORDER
from pipeline.plan.lineage import (
    ROWS,
    VALUE,
    Edge,
    edges_down,
    edges_up,
    mermaid_of_columns,
    mermaid_of_tables,
)
from pipeline.plan.selection import ancestors, descendants
from pipeline.system.hidden import visible

if TYPE_CHECKING:
    from pipeline.outputs.report import Report
    from pipeline.run.results import RunResult

REPORT_HEIGHT = 560

# Follows the notebook's own colours, light or dark.
STYLE = """<style>
.aa table { border-collapse: collapse; }
.aa :is(th, td) { text-align: left; vertical-align: top; padding: .25em .7em; }
.aa :is(th, td) { border-bottom: 1px solid rgb(128 128 128 / .3); }
.aa .num { text-align: right; font-variant-numeric: tabular-nums; }
.aa .layers { display: flex; flex-wrap: wrap; gap: 1.2em; align-items: flex-start; }
.aa .layer > b { display: block; opacity: .65; font-size: .85em; margin-bottom: .3em; }
.aa .chip { display: block; padding: .2em .6em; margin-bottom: .3em; font-family: monospace; }
.aa .chip { border: 1px solid rgb(128 128 128 / .4); border-radius: 6px; }
.aa .chip.this { border: 2px solid currentColor; font-weight: bold; }
</style>"""


class Models(Mapping[str, PlanTable]):
    """Tables by name; `aa.models["fct_agent_costs"].sql` is how one is made."""

    def __init__(self, tables: Mapping[str, PlanTable]) -> None:
        self._tables = tables

    def __getitem__(self, name: str) -> PlanTable:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def _rows(self) -> list[tuple[str, str, str, int]]:
        tables = sorted(self.values(), key=lambda table: ORDER.index(table.layer))
        return [(t.name, t.layer, t.description.partition("\n")[0], len(t.columns)) for t in tables]

    def __repr__(self) -> str:
        return _text(self._rows())

    def _repr_html_(self) -> str:
        return _page(_table(("table", "layer", "one row is", "columns"), self._rows()))


class BuildView:
    """What a build did; `result` has all of it."""

    def __init__(self, result: "RunResult") -> None:
        self.result = result

    def _headline(self) -> str:
        made = Counter(table.action for table in self.result.tables)
        audits = Counter(audit.status for audit in self.result.audits)
        words = {
            "success": f"Built {made['full']} tables, {made['skipped']} unchanged",
            "failed": "Nothing was published: an audit failed",
        }
        checks = ", ".join(f"{count} {status}" for status, count in sorted(audits.items()))
        outcome = words.get(self.result.status, self.result.status)
        return f"{outcome}, in {self.result.seconds:.2f} s; audits: {checks or 'none'}"

    def _problems(self) -> list[tuple[str, str, str, str]]:
        return [
            (audit.status, audit.table, audit.audit, audit.description)
            for audit in self.result.audits
            if audit.status in ("failed", "warned")
        ]

    def _rows(self) -> list[tuple[str, str, int | None, str]]:
        return [
            (table.name, table.action, table.row_count, table.reason)
            for table in self.result.tables
            if table.action != "read"
        ]

    def __repr__(self) -> str:
        return "\n".join([self._headline(), *map(" ".join, self._problems()), _text(self._rows())])

    def _repr_html_(self) -> str:
        problems = self._problems()
        return _page(
            f"<p><b>{_safe(self._headline())}</b></p>",
            _table(("", "table", "audit", "what must hold"), problems) if problems else "",
            _table(("table", "what was done", "rows", "why"), self._rows()),
        )


class ReportView:
    """The schema validation report; `report` has all of it."""

    def __init__(self, report: "Report") -> None:
        self.report = report

    def __repr__(self) -> str:
        from pipeline.outputs.report import render

        return render(self.report, "text")

    def _repr_html_(self) -> str:
        from pipeline.outputs.report import render

        # In a frame of its own: the notebook's style and the report's leave each other alone.
        page = escape(render(self.report, "html"), quote=True)
        return (
            f'<iframe srcdoc="{page}" sandbox="" title="Schema validation report"'
            f' style="width:100%;height:{REPORT_HEIGHT}px;border:0"></iframe>'
        )


class LineageView:
    """Where a table or a column comes from and goes to.

    Attributes:
        upstream: what it is made of: names of tables, or the steps between columns.
        downstream: what is made of it.
        mermaid: the same as a flowchart for Markdown.
    """

    def __init__(self, tables: Mapping[str, PlanTable], table: str, column: str | None) -> None:
        self.tables, self.table, self.column = tables, table, column
        self.upstream: Sequence[str] | Sequence[Edge]
        self.downstream: Sequence[str] | Sequence[Edge]
        if column is None:
            up, down = ancestors(tables, [table]), descendants(tables, [table])
            self.upstream = [name for name in tables if name in up]
            self.downstream = [name for name in tables if name in down]
            self.mermaid = mermaid_of_tables(tables, up | down | {table})
        else:
            up_edges = edges_up(tables, (table, column), {VALUE})
            down_edges = edges_down(tables, (table, column), {VALUE})
            self.upstream, self.downstream = up_edges, down_edges
            self.mermaid = mermaid_of_columns([*up_edges, *down_edges])

    def _rows(self) -> list[tuple[str, str]]:
        """Layer and name of everything that takes part, in the order of the pipeline."""
        if self.column is None:
            names = {*self.upstream, *self.downstream, self.table}
        else:
            edges = [edge for edge in [*self.upstream, *self.downstream] if isinstance(edge, Edge)]
            ends = [(e.table, e.column) for e in edges] + [(e.from_table, e.from_column) for e in edges]
            names = {_word(*end) for end in [*ends, (self.table, self.column)]}
        of = {name: self.tables[name.partition(".")[0]].layer for name in names}
        order = list(self.tables)
        return sorted(
            ((layer, name) for name, layer in of.items()),
            key=lambda row: (ORDER.index(row[0]), order.index(row[1].partition(".")[0]), row[1]),
        )

    def _this(self) -> str:
        return self.table if self.column is None else _word(self.table, self.column)

    def __repr__(self) -> str:
        return _text(
            [(layer, f"{name}{' ◂' if name == self._this() else ''}") for layer, name in self._rows()]
        )

    def _repr_html_(self) -> str:
        layers: dict[str, list[str]] = {}
        for layer, name in self._rows():
            this = " this" if name == self._this() else ""
            layers.setdefault(layer, []).append(f'<span class="chip{this}">{_safe(name)}</span>')
        columns = "".join(
            f'<div class="layer"><b>{layer}</b>{"".join(chips)}</div>' for layer, chips in layers.items()
        )
        return _page(f'<div class="layers">{columns}</div>')


def _word(table: str, column: str) -> str:
    return f"{table}.(rows)" if column == ROWS else f"{table}.{column}"


def _safe(value: Any) -> str:
    """A value as text inside HTML."""
    if value is None:
        return ""
    return escape(f"{value:,}" if isinstance(value, int) else visible(value))


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    def cell(value: Any) -> str:
        return f"<td{' class=num' if isinstance(value, int) else ''}>{_safe(value)}</td>"

    names = "".join(f"<th>{_safe(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def _page(*parts: str) -> str:
    return f'{STYLE}<div class="aa">{"".join(parts)}</div>'


def _text(rows: Sequence[Sequence[Any]]) -> str:
    """Rows in columns, two spaces apart."""
    cells = [["" if value is None else visible(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
