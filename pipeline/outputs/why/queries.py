"""The queries that follow a column one table down, made once for all its cells.

To make one takes as long as to compile its model, so they are kept beside the plans, for as long as plan and
code are the same. What differs from question to question is filled in: the rows that are asked about.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.compile import plan_cache
from pipeline.outputs.why.names import AMOUNT, FROM, WITH
from pipeline.plan import Plan, PlanTable
from pipeline.plan.bind import unbound_settings
from pipeline.plan.render import quote
from pipeline.system.files import write_whole

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from pipeline.compile.compiler import Compiler
    from pipeline.outputs.why.parts import Parts

# Stands for the rows that are asked about, and for the first and the last instant or day of theirs.
SCHEMA, CHOSEN = "aa_why", "aa_chosen"
FIRST, LAST = "{{aa_first}}", "{{aa_last}}"
# Columns that models pass on as they are: by them an engine knows early which rows are needed.
EARLY = ("recorded_at", "first_at", "timestamp", "commit_timestamp", "date", "day")
ANOTHER_COUNTS = "another one of the same counts"
# Of more rows of one table nothing is looked up any more.
LOOKED_UP = 200
# Prompts, commit messages and what else is text of people stays out, as do whole JSON documents.
NEVER = {"body", "commit_message", "notes", "author_name", "author_email", "committer_name"}
NEVER |= {"committer_email", "developer_email", "text"}


@dataclass(frozen=True)
class PartQuery:
    """Rows of one upstream table; attributes as of `Parts`.

    Attributes:
        sql: the rows with what they bring, those that bring most first, and with how many there are.
        left_out: a query that counts what is left out, by what is looked at; empty if there is none.
    """

    table: str
    column: str | None
    measure: str | None
    adds_up: bool
    sql: str
    left_out: str = ""
    left_out_by: list[str] = field(default_factory=list)


class Queries:
    """The queries of one plan, made when they are asked for; arguments as of `Explainer`."""

    def __init__(self, plan: Plan, models: str, schemas: str, project_dir: Path) -> None:
        self._plan = plan
        self._packages = {"models": models, "schemas": schemas}
        self._project_dir = project_dir
        self._new = False
        own = b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))
        made_from = hashlib.blake2b(f"{plan.fingerprint}{plan.dialect}".encode() + own, digest_size=10)
        self._file = plan_cache.folder() / f"why-{made_from.hexdigest()}.json"
        self._found: dict[str, list[PartQuery]] = {}
        with suppress(OSError, ValueError, TypeError):
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self._found = {name: [PartQuery(**part) for part in parts] for name, parts in kept.items()}

    def of(self, table: PlanTable, column: str | None, has_rows: Callable[[str], bool]) -> list[PartQuery]:
        """The queries that follow a column of a model down to tables that have rows; of None, its rows."""
        there = sorted(filter(has_rows, table.depends_on))
        name = f"{table.name}.{column or '*'} of {', '.join(there)}"
        if name not in self._found:
            from pipeline.outputs.why.parts import Tracer

            model = self._compiler.graph[table.name]
            expression, tables = self._compiler.expression(model), self._compiler.tables(model)
            kept = {one: _kept(self._plan.tables[one]) for one in tables.values()}
            parts = Tracer(tables, kept).parts(expression, column)
            self._found[name] = [self._query(part, table) for part in parts if part.table in there]
            self._new = True
        return self._found[name]

    def keep(self) -> None:
        """Keep what was made; a folder that cannot be written is no error."""
        if self._new:
            kept = {name: [asdict(part) for part in parts] for name, parts in self._found.items()}
            with suppress(OSError):
                write_whole(self._file, json.dumps(kept).encode())
            self._new = False

    def chosen(self) -> str:
        """How the rows that are asked about are named in a query."""
        return f"{quote(SCHEMA, self._plan.dialect)}.{quote(CHOSEN, self._plan.dialect)}"

    @cached_property
    def _compiler(self) -> "Compiler":
        from pipeline.compile.compiler import Compiler
        from pipeline.extensions import with_code

        settings = unbound_settings(self._plan.settings, self._plan.dialect)
        return Compiler(
            self._plan.dialect, settings, **self._packages, extensions=with_code(self._project_dir)
        )

    def _query(self, part: "Parts", of: PlanTable) -> PartQuery:
        rows = _of_chosen(part.rows, of)
        own = [name for name in rows.columns if name.startswith((FROM, WITH))]
        counted = rows.select(
            *own,
            AMOUNT,
            aa_count=rows.count().over(),
            aa_sum=rows[AMOUNT].sum().over(),
            aa_known=rows[AMOUNT].count().over(),
        )
        order = [counted[AMOUNT].desc(nulls_first=False), *(counted[name] for name in own[:6])]
        sql = self._sql(counted.order_by(order).limit(LOOKED_UP))
        left_out, by = self._left_out(part, of)
        return PartQuery(part.table, part.column, part.measure, part.adds_up, sql, left_out, by)

    def _sql(self, rows: "ir.Table") -> str:
        with _unmerged():
            return self._compiler.query(rows)

    def _left_out(self, part: "Parts", of: PlanTable) -> tuple[str, list[str]]:
        if part.left_out is None:
            return "", []
        rows = _of_chosen(part.left_out.rows, of)
        if not part.left_out.columns:
            import ibis

            counted = rows.agg(aa_count=rows.count()).mutate(because=ibis.literal(ANOTHER_COUNTS))
            return self._sql(counted.filter(counted.aa_count > 0)), ["because"]
        columns = {
            name: rows[FROM + name]
            for name in part.left_out.columns
            if FROM + name in rows.columns
            and (rows[FROM + name].type().is_string() or rows[FROM + name].type().is_boolean())
        }
        if not columns:
            return "", []
        counted = rows.group_by(**columns).agg(aa_count=rows.count())
        return self._sql(counted.order_by(counted.aa_count.desc(), *columns)), [*columns]


@contextmanager
def _unmerged() -> Iterator[None]:
    """Ibis merges no selections: that takes it half of its time, and nobody reads these queries."""
    import ibis

    before = ibis.options.sql.fuse_selects
    ibis.options.sql.fuse_selects = False
    try:
        yield
    finally:
        ibis.options.sql.fuse_selects = before


def identity(table: PlanTable) -> list[str]:
    """The columns that tell rows of a table apart; of one without a key all but fractions, which differ."""
    return table.key or [column.name for column in table.columns if column.type != "float64"]


def early(table: PlanTable) -> str | None:
    """The column of a table's identity that says when, if there is one."""
    present = {column.name for column in table.columns if not column.nullable}
    return next((name for name in EARLY if name in present and name in identity(table)), None)


def _kept(table: PlanTable) -> list[str]:
    """The columns of a table that its rows are told apart and shown by."""
    is_raw = table.kind == "source"
    left_out = NEVER | {*table.json_columns} if is_raw else NEVER - {*identity(table)}
    return [column.name for column in table.columns if column.name not in left_out]


def _of_chosen(rows: "ir.Table", of: PlanTable) -> "ir.Table":
    """Those of some rows of a model that are asked about."""
    import ibis
    import ibis.expr.operations as ops

    names = identity(of)
    if when := early(of):
        kind = rows[when].type()
        first, last = (ibis.literal(text).cast(kind) for text in (FIRST, LAST))
        rows = rows.filter(rows[when] >= first, rows[when] <= last)
    chosen = ibis.table({name: rows[name].type() for name in names}, name=CHOSEN, database=SCHEMA)
    joined = rows.semi_join(chosen, [rows[name].identical_to(chosen[name]) for name in names]).op()
    found: ir.Table = ops.Project(joined, {name: ops.Field(joined, name) for name in rows.columns}).to_expr()
    return found
