"""Walking the column lineage that a plan holds: what a column comes from, and where it goes.

`PlanTable.lineage` says of each column, and under `ROWS` of the rows as such, which columns of the
tables upstream it is made of (`pipeline.compile.analysis.column_lineage` reads that from the expressions).
Standard library only.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pipeline.errors import SelectionError, did_you_mean
from pipeline.plan import PlanTable

VALUE = "value"
FILTER = "filter"
JOIN_KEY = "join key"
GROUP_KEY = "group key"
ORDER = "order"
KINDS = (VALUE, FILTER, JOIN_KEY, GROUP_KEY, ORDER)

# Stands in a column's place for the rows of a table: which there are, and how many.
ROWS = "*"

Tables = Mapping[str, PlanTable]
Column = tuple[str, str]  # table, column


@dataclass(frozen=True, order=True)
class Edge:
    """One step of lineage: `column` of `table` is made of `from_column` of `from_table`, as a `kind`."""

    table: str
    column: str
    kind: str
    from_table: str
    from_column: str


def find_table(tables: Tables, name: str, others: Iterable[str] = ()) -> PlanTable:
    """The table that is named, as models or as SQL name it.

    Args:
        tables: of a plan.
        name: what somebody wrote.
        others: names that could be meant, too.

    Raises:
        SelectionError: there is no such table.
    """
    known = {table.name: table for table in tables.values()}
    known |= {f"{table.schema}.{table.stored_name}": table for table in tables.values()}
    if name not in known:
        close = did_you_mean(name, [*known, *others])
        raise SelectionError(f"There is no table {name}.{close} `aa-pipeline ls` lists what there is.")
    return known[name]


def find(tables: Tables, name: str) -> tuple[str, str | None]:
    """The table that is named, and the column if one is; as models or as SQL name the table.

    Raises:
        SelectionError: there is no such table or column.
    """
    known: dict[str, tuple[str, str | None]] = {}
    for table in tables.values():
        for alias in (table.name, f"{table.schema}.{table.stored_name}"):
            known[alias] = (table.name, None)
            known |= {f"{alias}.{column.name}": (table.name, column.name) for column in table.columns}
    if name not in known:
        raise SelectionError(
            f"There is no table or column {name}.{did_you_mean(name, known)}"
            " `aa-pipeline ls` lists the tables."
        )
    return known[name]


def edges_into(tables: Tables, table: str, column: str) -> list[Edge]:
    """What a column is made of in the tables right upstream; of `ROWS`, what decides the rows."""
    of = tables[table].lineage.get(column, [])
    return [Edge(table, column, kind, *source) for *source, kind in of]


def edges_up(tables: Tables, start: Column, kinds: Collection[str] = KINDS) -> list[Edge]:
    """Every step between a column and the raw columns that it comes from, nearest first.

    What decides the rows of its table counts as a step into it, unless `kinds` is `value` alone.
    """
    return list(_walk([start], lambda column: _into(tables, column, kinds)))


def edges_down(tables: Tables, start: Column, kinds: Collection[str] = KINDS) -> list[Edge]:
    """Every step between a column and whatever is made of it, nearest first."""
    readers = _readers(tables)
    return list(_walk([start], lambda column: _out_of(tables, readers, column, kinds), down=True))


def tables_up(tables: Tables, starts: Iterable[Column], depth: int | None = None) -> set[str]:
    """The tables, at most `depth` steps away, that some of the columns depend on in any way."""
    edges = _walk(starts, lambda column: _into(tables, column, KINDS), depth=depth)
    return {edge.from_table for edge in edges}


def tables_down(tables: Tables, starts: Iterable[Column], depth: int | None = None) -> set[str]:
    """The tables, at most `depth` steps away, that depend on some of the columns in any way."""
    readers = _readers(tables)
    edges = _walk(starts, lambda column: _out_of(tables, readers, column, KINDS), depth=depth, down=True)
    return {edge.table for edge in edges}


def _into(tables: Tables, column: Column, kinds: Collection[str]) -> Iterator[Edge]:
    table, name = column
    found = edges_into(tables, table, name)
    if name != ROWS and set(kinds) != {VALUE}:
        found += edges_into(tables, table, ROWS)
    return (edge for edge in found if edge.kind in kinds)


def _readers(tables: Tables) -> dict[Column, list[Edge]]:
    """Every step of the plan, by the column that it starts from."""
    found: dict[Column, list[Edge]] = {}
    for table in tables.values():
        for column in table.lineage:
            for edge in edges_into(tables, table.name, column):
                found.setdefault((edge.from_table, edge.from_column), []).append(edge)
    return found


def _out_of(
    tables: Tables, readers: Mapping[Column, list[Edge]], column: Column, kinds: Collection[str]
) -> Iterator[Edge]:
    table, name = column
    found = list(readers.get(column, ()))
    if name == ROWS and set(kinds) != {VALUE}:
        # Rows that change are a change of every column.
        for other in tables[table].columns:
            found += readers.get((table, other.name), ())
    return (edge for edge in found if edge.kind in kinds)


def _walk(
    starts: Iterable[Column],
    step: Callable[[Column], Iterator[Edge]],
    *,
    depth: int | None = None,
    down: bool = False,
) -> Iterator[Edge]:
    """Steps from `starts` on, breadth first, each once."""
    frontier = list(dict.fromkeys(starts))
    seen = set(frontier)
    given: set[Edge] = set()
    while frontier and (depth is None or depth > 0):
        following: list[Column] = []
        for column in frontier:
            for edge in step(column):
                if edge in given:
                    continue
                given.add(edge)
                yield edge
                near = (edge.table, edge.column) if down else (edge.from_table, edge.from_column)
                if near not in seen:
                    seen.add(near)
                    following.append(near)
        frontier = following
        depth = None if depth is None else depth - 1


def mermaid_of_tables(tables: Tables, names: Collection[str]) -> str:
    """Some of the tables and what reads what, as a Mermaid flowchart."""
    ids = {name: f"t{number}" for number, name in enumerate(name for name in tables if name in names)}
    lines = ["flowchart LR", *(f"  {ids[name]}[{_label(name)}]" for name in ids)]
    lines += [
        f"  {ids[upstream]} --> {ids[name]}"
        for name in ids
        for upstream in tables[name].depends_on
        if upstream in ids
    ]
    return "\n".join(lines)


def mermaid_of_columns(edges: Iterable[Edge]) -> str:
    """Steps between columns as a Mermaid flowchart: a box per table, a dotted arrow where no value flows."""
    edges = list(edges)
    columns: dict[str, dict[str, str]] = {}
    for edge in edges:
        for table, column in ((edge.from_table, edge.from_column), (edge.table, edge.column)):
            of = columns.setdefault(table, {})
            of.setdefault(column, f"c{sum(map(len, columns.values()))}")
    lines = ["flowchart LR"]
    for number, (table, of) in enumerate(columns.items()):
        lines.append(f"  subgraph t{number}[{_label(table)}]")
        lines += [f"    {id_}[{_label('rows' if column == ROWS else column)}]" for column, id_ in of.items()]
        lines.append("  end")
    for edge in edges:
        arrow = "-->" if edge.kind == VALUE else f"-. {edge.kind} .->"
        lines.append(
            f"  {columns[edge.from_table][edge.from_column]} {arrow} {columns[edge.table][edge.column]}"
        )
    return "\n".join(lines)


def _label(text: str) -> str:
    """A text that Mermaid shows as it is."""
    return '"' + "".join(c if c.isalnum() or c in "_. " else f"#{ord(c)};" for c in text) + '"'
