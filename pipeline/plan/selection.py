"""dbt's selection grammar, answered from a plan alone.

    name  fct_*  staging.*  marts  tag:daily  path:models/marts  source:raw.git_commits
    resource_type:seed  config.materialized:view  config.schema:mart  file:dim_agents.py  fqn:…
    column:fct_agent_costs.daily_cost_usd    its table; `+` follows the column, not the table
    state:modified  state:new                against an earlier state; what is new is modified as well
    +x  2+x  x+  x+1  +x+     with ancestors, with descendants, at most that many steps away
    @x                        with descendants and all that these need
    "a b", repeated option    union
    a,b                       intersection
    --exclude                 difference

https://docs.getdbt.com/reference/node-selection/syntax
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import PurePosixPath

from pipeline.errors import SelectionError, did_you_mean
from pipeline.plan import PlanTable
from pipeline.plan.layers import OF_MODELS, RAW
from pipeline.plan.lineage import Column, tables_down, tables_up

Tables = Mapping[str, PlanTable]
Changes = Mapping[str, Collection[str]]  # modified and new, each with names of tables

_CRITERION = re.compile(
    r"(?P<at>@)?(?P<parents>(?P<up>\d*)\+)?"
    r"((?P<method>[\w.]+):)?(?P<value>.*?)"
    r"(?P<children>\+(?P<down>\d*))?"
)

# dbt's word for a table's kind, and the folder's and the schema's name for the same layer.
_RESOURCE_TYPES = ("model", "seed", "source")
_LAYER_OF_SCHEMA = {layer.schema: layer.name for layer in OF_MODELS.values()}


@dataclass(frozen=True)
class _Criterion:
    """One word of a selection, such as `2+tag:daily`; None as depth means all the way."""

    text: str
    method: str
    value: str
    up: int | None = 0
    down: int | None = 0
    with_ancestors_of_descendants: bool = False


def select(
    tables: Tables,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    kinds: Collection[str] = _RESOURCE_TYPES,
    changes: Changes | None = None,
) -> list[str]:
    """Names of the selected tables, in the plan's order.

    Args:
        tables: the plan's tables.
        select: expressions; their union counts. Everything if empty.
        exclude: expressions whose union is taken away.
        kinds: the kinds of table that the command works on: model, seed, source.
        changes: what `state:` selects; None where nobody has said what to compare with.

    Returns:
        At least one, unless `state:` was asked for: that nothing has changed is an answer.

    Raises:
        SelectionError: a word of an expression matches nothing, or nothing is left.
    """
    chosen = _union(tables, select, changes) if select else set(tables)
    chosen -= _union(tables, exclude, changes)
    names = [name for name in tables if name in chosen and tables[name].kind in kinds]
    if not names and not asks_for_state(*select, *exclude):
        asked = " ".join(select) if select else "everything"
        without = f" without {' '.join(exclude)}" if exclude else ""
        wanted = " or ".join(f"{kind}s" for kind in kinds)
        raise SelectionError(
            f"Nothing to do: {asked}{without} selects no {wanted}. "
            "`aa-pipeline ls` with the same selection shows what it matches."
        )
    return names


def asks_for_state(*expressions: str) -> bool:
    """Whether a selection compares with an earlier state."""
    return any("state:" in expression for expression in expressions)


def ancestors(tables: Tables, names: Iterable[str], depth: int | None = None) -> set[str]:
    """The tables that `names` read, directly or not, at most `depth` steps away."""
    return _walk(names, lambda name: tables[name].depends_on if name in tables else (), depth)


def descendants(tables: Tables, names: Iterable[str], depth: int | None = None) -> set[str]:
    """The tables that read `names`, directly or not, at most `depth` steps away."""
    readers: dict[str, list[str]] = {}
    for table in tables.values():
        for upstream in table.depends_on:
            readers.setdefault(upstream, []).append(table.name)
    return _walk(names, lambda name: readers.get(name, ()), depth)


def _walk(names: Iterable[str], neighbours: Callable[[str], Iterable[str]], depth: int | None) -> set[str]:
    seen: set[str] = set()
    frontier = set(names)
    while frontier and (depth is None or depth > 0):
        frontier = {near for name in frontier for near in neighbours(name)} - seen
        seen |= frontier
        depth = None if depth is None else depth - 1
    return seen


def _union(tables: Tables, expressions: Iterable[str], changes: Changes | None) -> set[str]:
    words = [word for expression in expressions for word in expression.split()]
    return set().union(*(_intersection(tables, word, changes) for word in words))


def _intersection(tables: Tables, word: str, changes: Changes | None) -> set[str]:
    parts = [_matches(tables, _parse(part), changes) for part in word.split(",") if part]
    return set.intersection(*parts) if parts else set()


def _parse(text: str) -> _Criterion:
    match = _CRITERION.fullmatch(text)
    if match is None or not match["value"]:
        raise SelectionError(
            f"The selection {text!r} names nothing. Examples: fct_agent_costs, staging.*, +dim_agents."
        )
    if match["at"] and match["children"]:
        raise SelectionError(
            f"The selection {text!r} has both `@` and `+` at its end; `@` already takes everything "
            "that depends on the model. Leave one of them out."
        )
    value = match["value"]
    method = match["method"] or (
        "path" if "/" in value else "file" if value.endswith((".py", ".csv")) else "fqn"
    )
    if method not in _METHODS:
        raise SelectionError(
            f"The selection {text!r} uses the method {method}, which does not exist."
            f"{did_you_mean(method, _METHODS)} The methods are {', '.join(_METHODS)}."
        )
    return _Criterion(
        text=text,
        method=method,
        value=value,
        up=_depth(match["parents"], match["up"]),
        down=_depth(match["children"], match["down"]),
        with_ancestors_of_descendants=bool(match["at"]),
    )


def _depth(sign: str | None, digits: str | None) -> int | None:
    """How far a `+` reaches: 0 without one, None (all the way) without a number."""
    if not sign:
        return 0
    return int(digits) if digits else None


def _matches(tables: Tables, criterion: _Criterion, changes: Changes | None) -> set[str]:
    method = _METHODS[criterion.method]
    if criterion.method == "state":
        found = _changed(criterion, changes) & tables.keys()
    else:
        found = {table.name for table in tables.values() if method(table, criterion.value)}
    if not found and criterion.method != "state":
        raise SelectionError(
            f"The selection {criterion.text!r} matches nothing."
            f"{did_you_mean(criterion.value, _words(tables, criterion.method))} "
            "`aa-pipeline ls` lists what there is."
        )
    if criterion.method == "column":
        starts = [column for table in tables.values() for column in _columns(table, criterion.value)]
        up, down = partial(tables_up, tables, starts), partial(tables_down, tables, starts)
    else:
        up, down = partial(ancestors, tables, found), partial(descendants, tables, found)
    if criterion.with_ancestors_of_descendants:
        found |= down()
        return found | ancestors(tables, found)
    return found | up(criterion.up) | down(criterion.down)


def _changed(criterion: _Criterion, changes: Changes | None) -> set[str]:
    """The tables that differ from an earlier state."""
    if changes is None:
        raise SelectionError(
            f"The selection {criterion.text!r} compares with an earlier state. Say with which one:"
            " --state FOLDER, a copy of the folder target/ that a build wrote."
        )
    if criterion.value not in changes:
        raise SelectionError(
            f"The selection {criterion.text!r} names no state.{did_you_mean(criterion.value, changes)}"
            f" There are {' and '.join(f'state:{name}' for name in changes)}."
        )
    return {*changes[criterion.value]}


def _words(tables: Tables, method: str) -> set[str]:
    """What a person may have meant to write, for the close match."""
    every = tables.values()
    match method:
        case "tag":
            return {tag for table in every for tag in table.tags}
        case "path":
            return {str(path) for t in every for path in (t.path, PurePosixPath(t.path).parent)}
        case "file":
            return {PurePosixPath(table.path).name for table in every}
        case "source":
            return {".".join(_fqn(table)) for table in every if table.kind == "source"} | {RAW.name}
        case "resource_type":
            return set(_RESOURCE_TYPES)
        case "config.materialized":
            return {"table", "view"}
        case "config.schema":
            return {table.schema for table in every}
        case "column":
            return {f"{table.name}.{column.name}" for table in every for column in table.columns}
        case _:
            layers = {_fqn(table)[0] for table in every}
            full_names = {".".join(_fqn(table)) for table in every}
            return {*tables, *layers, *full_names, *(f"{layer}.*" for layer in layers)}


def _fqn(table: PlanTable) -> list[str]:
    """A table's full name, part by part: layer, folders within it, name."""
    if table.kind == "source":
        return [table.schema, table.name.removeprefix(f"{table.schema}_")]
    path = PurePosixPath(table.path).parts
    folders = path[path.index(table.layer) + 1 : -1] if table.layer in path else ()
    return [table.layer, *folders, table.name]


def _by_fqn(table: PlanTable, value: str) -> bool:
    """The name itself, or a prefix of the full name, or either of them by wildcards."""
    if value == table.name:
        return True
    parts = value.split(".")
    parts[0] = _LAYER_OF_SCHEMA.get(parts[0], parts[0])
    if len(parts) == 1 and fnmatchcase(table.name, value):
        return True
    fqn = _fqn(table)
    if len(fqn) < len(parts):
        return False
    for index, part in enumerate(parts):
        if any(wildcard in part for wildcard in "*?["):
            return fnmatchcase(".".join(fqn[index:]), ".".join(parts[index:]))
        if fqn[index] != part:
            return False
    return True


def _by_source(table: PlanTable, value: str) -> bool:
    """`source:raw`, `source:raw.git_commits`, wildcards in either part."""
    source, _, name = value.partition(".")
    return (
        table.kind == "source"
        and fnmatchcase(table.schema, source)
        and fnmatchcase(_fqn(table)[-1], name or "*")
    )


def _by_path(table: PlanTable, value: str) -> bool:
    """A file or a folder above it, from any folder on: `models/marts`, `pipeline/models/*`."""
    wanted = PurePosixPath(value).parts
    parts = PurePosixPath(table.path).parts
    return any(
        all(map(fnmatchcase, parts[start : start + len(wanted)], wanted))
        for start in range(len(parts) - len(wanted) + 1)
    )


def _by_file(table: PlanTable, value: str) -> bool:
    path = PurePosixPath(table.path)
    return fnmatchcase(path.name, value) or fnmatchcase(path.stem, value)


def _columns(table: PlanTable, value: str) -> list[Column]:
    """The columns of a table that `table.column` names, the table as models or as SQL name it."""
    names = (table.name, f"{table.schema}.{table.stored_name}")
    return [
        (table.name, column.name)
        for column in table.columns
        if any(fnmatchcase(f"{name}.{column.name}", value) for name in names)
    ]


_METHODS: dict[str, Callable[[PlanTable, str], bool]] = {
    "fqn": _by_fqn,
    "tag": lambda table, value: any(fnmatchcase(tag, value) for tag in table.tags),
    "path": _by_path,
    "file": _by_file,
    "source": _by_source,
    "resource_type": lambda table, value: table.kind == value,
    "config.materialized": lambda table, value: table.kind == "model" and table.materialized == value,
    "config.schema": lambda table, value: fnmatchcase(table.schema, value),
    "column": lambda table, value: bool(_columns(table, value)),
    "state": lambda table, value: False,  # `_changed` tells
}
