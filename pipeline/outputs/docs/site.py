"""Every page and data file of the site, as text by path."""

import datetime as dt
import hashlib
import inspect
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pipeline
from pipeline.extensions import file_of
from pipeline.outputs.docs.guides import guides, markdown
from pipeline.outputs.docs.highlight import highlight
from pipeline.outputs.docs.state import State, TableState
from pipeline.outputs.metrics import METRICS
from pipeline.outputs.pages import base_css, environment
from pipeline.plan import Plan, PlanColumn, PlanTable
from pipeline.plan.check_results import STATUSES, CheckResult, without_query
from pipeline.plan.layers import AS_LOOKED_FOR, LAYERS, STAGING
from pipeline.plan.lineage import KINDS, ROWS, VALUE
from pipeline.system.hidden import visible, visible_json

if TYPE_CHECKING:
    from markupsafe import Markup

STATIC = Path(__file__).parent / "static"

# A page lists at most this many tables at its side; of more, it lists the layers.
MOST_IN_SIDEBAR = 80
MOST_IN_SAMPLE = 8

# The status of a check that no run has made.
NEVER_MADE = "none"

_PLAIN_NAME = re.compile(r"[a-z0-9_]{1,100}")


def site_files(
    plan: Plan, state: State, *, generated_at: dt.datetime, project_dir: Path = Path()
) -> dict[str, str]:
    """The site as text by path; opens from a folder as well as from a server.

    Args:
        plan: the tables.
        state: what a database says of them; an empty one if there is none.
        generated_at: stands at the foot of every page.
        project_dir: the project, whose own models are shown too.
    """
    tables = {name: TablePage(table, plan, state, project_dir) for name, table in plan.tables.items()}
    for page in tables.values():
        for upstream in page.table.depends_on:
            tables[upstream].downstream.append(page.name)
    templates = environment("pipeline.outputs.docs")
    # Metrics of tables that a project has.
    metrics = {
        name: metric
        for name, metric in METRICS.items()
        if all(column.partition(".")[0] in tables for column in metric.columns)
    }
    shared = {
        "plan": plan,
        "state": state,
        "tables": tables,
        "metrics": metrics,
        "layers": _layers(tables.values()),
        "layer_words": LAYERS,
        "statuses": STATUSES,
        "kinds": KINDS,
        "sidebar": len(tables) <= MOST_IN_SIDEBAR,
        "generated_at": generated_at,
        "short": _short,
        "prose": _prose,
        "breakable": _breakable,
        "shown": _shown,
        "share": _share,
    }
    counts = Counter(check.status for page in tables.values() for check in page.checks)
    attention = [
        (page, check)
        for page in tables.values()
        for check in page.checks
        if check.status in ("failed", "warned")
    ]
    pages: dict[str, dict[str, Any]] = {
        "index.html": {"root": "", "current": "index", "counts": counts, "attention": attention},
        "lineage.html": {"root": "", "current": "lineage", "groups": _groups(plan)},
        "about.html": {"root": "", "current": "guides", "text": markdown(_how_it_works())},
        "guides.html": {"root": "", "current": "guides", "guides": guides()},
    }
    if metrics:
        pages["metrics.html"] = {"root": "", "current": "metrics"}
    files = {path: templates.get_template(f"{path}.j2").render(shared | own) for path, own in pages.items()}
    template = templates.get_template("guide.html.j2")
    for guide in guides():
        files[guide.path] = template.render(**shared, root="../", current="guides", guide=guide)
    template = templates.get_template("table.html.j2")
    for page in tables.values():
        files[page.path] = template.render(**shared, root="../", current=page.name, page=page)
    files |= {
        "static/site.css": base_css() + (STATIC / "site.css").read_text(encoding="utf-8"),
        "static/search-data.js": _script("AA_SEARCH", _search_data(tables.values())),
        "static/lineage-data.js": _script("AA_LINEAGE", lineage_data(plan)),
    }
    for name in ("theme.js", "site.js", "folding.js", "layout.js", "lineage.js"):
        files[f"static/{name}"] = (STATIC / name).read_text(encoding="utf-8")
    return files


def page_path(table: str) -> str:
    """Where the page of a table lies in the site: `tables/fct_agent_costs.html`."""
    if _PLAIN_NAME.fullmatch(table):
        return f"tables/{table}.html"
    # Any other name may mean something to a file system or a URL.
    return f"tables/t-{hashlib.blake2b(table.encode(), digest_size=10).hexdigest()}.html"


class TablePage:
    """What the page of a table shows."""

    def __init__(self, table: PlanTable, plan: Plan, state: State, project_dir: Path) -> None:
        self.table = table
        self.name = table.name
        self.path = page_path(table.name)
        self.stored_as = f"{table.schema}.{table.stored_name}"
        self.downstream: list[str] = []
        self.state = state.tables.get(table.name, TableState())
        self._plan, self._project_dir = plan, project_dir
        order = [*STATUSES, NEVER_MADE]
        self.checks = sorted(_results(table, state), key=lambda result: order.index(result.status))

    @property
    def grain(self) -> str:
        """The first line of the description."""
        return self.table.description.partition("\n")[0]

    @property
    def paragraphs(self) -> list[str]:
        """The rest of the description."""
        rest = self.table.description.partition("\n")[2].strip()
        return [" ".join(part.split()) for part in re.split(r"\n\s*\n", rest) if part]

    @cached_property
    def status(self) -> str:
        """The worst status of its checks."""
        found = {check.status for check in self.checks}
        return next(
            (status for status in STATUSES[:3] if status in found),
            "passed" if found & {"proven"} else NEVER_MADE,
        )

    @cached_property
    def counts(self) -> dict[str, int]:
        """Checks by status."""
        return Counter(check.status for check in self.checks)

    def checks_of(self, column: PlanColumn) -> list[CheckResult]:
        """The checks that look at this column alone."""
        return [check for check in self.checks if check.columns == [column.name]]

    def values_of(self, column: PlanColumn) -> list[tuple[str, str]]:
        """The columns right upstream that it is computed from: table, column."""
        sources = self.table.lineage.get(column.name, [])
        return [(table, name) for table, name, kind in sources if kind == VALUE]

    @cached_property
    def python(self) -> "Markup | None":
        """The model's source, and that of those which add columns to it, coloured."""
        if self.table.kind != "model":
            return None
        paths = [self.table.path, *self.table.extended_by]
        texts = [_source(path, self._project_dir) for path in paths]
        source = "\n\n".join(
            text if len(paths) == 1 else f"# {path}\n{text}"
            for path, text in zip(paths, texts, strict=True)
            if text
        )
        return _markup(highlight(source, "python")) if source else None

    @cached_property
    def sql(self) -> "Markup | None":
        """The query as compiled, coloured."""
        return None if self.table.sql is None else _markup(highlight(self.table.sql, "sql"))

    @cached_property
    def sample(self) -> "Markup":
        """A query to begin with."""
        names = [column.name for column in self.table.columns]
        first = [*self.table.key, *(name for name in names if name not in self.table.key)]
        columns = ",\n       ".join(_identifier(name) for name in first[:MOST_IN_SAMPLE])
        order = ", ".join(_identifier(name) for name in self.table.key)
        stored = f"{_identifier(self.table.schema)}.{_identifier(self.table.stored_name)}"
        lines = [f"SELECT {columns}", f"FROM {stored}", *([f"ORDER BY {order}"] if order else []), "LIMIT 10"]
        return _markup(highlight("\n".join(lines), "sql"))


def _results(table: PlanTable, state: State) -> list[CheckResult]:
    """The checks as planned, with what they found when they were last made."""
    results = []
    for planned in without_query(table.name, table.checks, NEVER_MADE):
        last = state.results.get((table.name, planned.audit), planned)
        results.append(replace(planned, status=last.status, failures=last.failures, row_count=last.row_count))
    return results


def lineage_data(plan: Plan) -> dict[str, Any]:
    """What the lineage page draws: tables, and of each column where it comes from, by number.

    A column's number -1 stands for the rows of its table.
    """
    numbers = {name: number for number, name in enumerate(plan.tables)}
    columns = {
        name: {ROWS: -1} | {column.name: number for number, column in enumerate(table.columns)}
        for name, table in plan.tables.items()
    }
    return {
        "kinds": KINDS,
        "tables": [
            {
                "name": table.name,
                "layer": table.layer,
                "group": _group(table),
                "page": page_path(table.name),
                "text": table.description.partition("\n")[0],
                "columns": [[column.name, column.description] for column in table.columns],
                "reads": [numbers[upstream] for upstream in table.depends_on],
                "lineage": {
                    columns[table.name][column]: [
                        [numbers[upstream], columns[upstream][name], KINDS.index(kind)]
                        for upstream, name, kind in sources
                    ]
                    for column, sources in table.lineage.items()
                    if sources
                },
            }
            for table in plan.tables.values()
        ],
    }


# Tables of a layer that only its own tables are for: models in a folder `base`, as dbt calls it.
HELPERS = "helpers"


def _group(table: PlanTable) -> str:
    """What a table is folded away with in the graph: its layer, or the helpers."""
    return HELPERS if Path(table.path).parent.name == "base" else table.layer


def _groups(plan: Plan) -> list[tuple[str, str, str, int]]:
    """What can be folded away: name, title, the layer that gives the colour, and how many tables."""
    counts = Counter(map(_group, plan.tables.values()))
    titles = {layer.name: (layer.title, layer.name) for layer in LAYERS.values()}
    titles[HELPERS] = "Helpers", STAGING.name
    order = [*LAYERS]
    order.insert(order.index(STAGING.name) + 1, HELPERS)
    return [(group, *titles[group], counts[group]) for group in order if group in counts]


def _how_it_works() -> str:
    """How the pipeline works, as its package says."""
    return (inspect.getdoc(pipeline) or "").partition("\n")[2]


def _search_data(pages: Iterable[TablePage]) -> list[Any]:
    return [
        [
            page.name,
            page.table.layer,
            page.path,
            page.grain,
            [[column.name, column.description] for column in page.table.columns],
        ]
        for page in pages
    ]


def _script(name: str, data: Any) -> str:
    """Data that a page loads as a script: a page that is opened from a folder may fetch nothing else."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"globalThis.{name}={visible_json(text)};\n"


def _layers(pages: Iterable[TablePage]) -> dict[str, list[TablePage]]:
    found: dict[str, list[TablePage]] = {layer.name: [] for layer in AS_LOOKED_FOR}
    for page in pages:
        found.setdefault(page.table.layer, []).append(page)
    return {layer: sorted(of, key=lambda page: page.name) for layer, of in found.items() if of}


def _source(path: str, project_dir: Path) -> str | None:
    """The text of a model's file; the plan's path begins at the package that holds it, or in the project."""
    if own := file_of(path, project_dir):
        return own.read_text(encoding="utf-8") if own.is_file() else None
    spec = find_spec(Path(path).parts[0]) if path else None
    if spec is None or not spec.submodule_search_locations:
        return None
    try:
        return (Path(next(iter(spec.submodule_search_locations))).parent / path).read_text(encoding="utf-8")
    except OSError:
        return None


def _identifier(name: str) -> str:
    return (
        name if _PLAIN_NAME.fullmatch(name) and not name[0].isdigit() else '"' + name.replace('"', '""') + '"'
    )


def _short(value: str) -> str:
    """A type as people say it: `TIMESTAMP WITH TIME ZONE` is long for a narrow column."""
    return {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}.get(value, value)


def _shown(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:,.6g}" if abs(float(value)) < 1e6 else f"{value:,.0f}"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def _share(part: int, of: int) -> str:
    """A share in percent; what is not all of it is never 100, what is something never 0.

    >>> _share(1, 3), _share(1, 100_000), _share(99_999, 100_000), _share(7, 7)
    ('33 %', '<1 %', '>99 %', '100 %')
    """
    percent = round(100 * part / of)
    if percent == 0 and part:
        return "<1 %"
    return ">99 %" if percent == 100 and part < of else f"{percent} %"


def _prose(text: str) -> "Markup":
    """A sentence, with what stands between backticks as code."""
    parts: list[str] = [_breakable(part) for part in text.split("`")]
    if len(parts) % 2 == 0:  # an odd backtick is a backtick
        parts[-2:] = ["`".join(parts[-2:])]
    return _markup("".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts)))


def _breakable(text: str) -> "Markup":
    """A text whose long names may be broken after a dot or an underscore."""
    return _markup(re.sub(r"(?<=\w)([._]+)(?=\w)", r"\1<wbr>", escape(visible(text))))


def _markup(html: str) -> "Markup":
    """HTML whose every text has been escaped already."""
    from markupsafe import Markup

    return Markup(html)
