"""The plan: what the compiler makes of models and contracts for one target.

Plain data, JSON on disk, readable by people. Running it needs no Ibis, no Pandera, no pandas.
Nothing changes a plan once it is made; frozen classes would say so, but a warm start would wait for them.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class PlanColumn:
    """A column: Ibis type, the engine's type, and what the contract says about it."""

    name: str
    type: str
    native_type: str
    nullable: bool
    description: str
    references: str | None = None


@dataclass
class Check:
    """What must hold of the rows of a table, and how a run finds out.

    Attributes:
        name: unique within the table, such as `not_null(commit_hash)`.
        kind: shape, not_null, unique, range, isin, pattern, custom, reference, law, freshness, volume.
        columns: the columns that it is about.
        description: the sentence that a person reads when it fails.
        severity: error or warn.
        tolerance: how many rows may fail: a count ("10"), a share ("1%") or None.
        values: the closed list that it allows, if that is what it says.
        proven: why it needs no query, or None.
        assumes: tables whose contracts the proof rests on; it holds if their checks have passed.
        sql: a scalar expression that counts failing rows; None if only a proof can tell.
            It is selected from `PlanTable.relation`, or from nothing where `needs` names tables.
        by_row: whether each row is judged by what stands in it alone, whenever that is.
        failing_rows_sql: a query for the failing rows, or None where no single row is to blame.
        needs: the tables that a check across tables looks at; such a check runs
            after all of them are built, and is skipped where one does not exist.
        time_drift: where the instant of the run matters, a query for a number: 0 if time alone cannot have
            changed what the check finds. It then looks at nothing but its table and what that is made of.
    """

    name: str
    kind: str
    columns: list[str]
    description: str
    severity: str = "error"
    tolerance: str | None = None
    values: list[str] | None = None
    proven: str | None = None
    assumes: list[str] = field(default_factory=list)
    sql: str | None = None
    by_row: bool = False
    failing_rows_sql: str | None = None
    needs: list[str] = field(default_factory=list)
    time_drift: str = ""


def lowered(column: str) -> str:
    """How `PlanTable.partitions` names the values of a column in lower case."""
    return column if column.endswith(")") else f"lower({column})"


def column_of(values: str) -> str:
    """The column whose values `PlanTable.partitions` names."""
    return values.removeprefix("lower(").removesuffix(")")


@dataclass(frozen=True, order=True)
class PlanLookup:
    """A table that may change and that rows of another one look up, by columns that must be equal.

    Attributes:
        table: what is looked up.
        base: whose rows do so.
        on: pairs of a column of `base` and a column of `table`.
    """

    table: str
    base: str
    on: tuple[tuple[str, str], ...]


@dataclass
class PlanTable:
    """One table: how it is made, what it reads, what must hold of it.

    `lineage` says of each column what it is made of: [upstream table, its column, kind], where kind is
    value, filter, join key, group key or order. Under "*" it says so of the table's rows as such,
    which concerns every column. `pipeline.plan.lineage` walks it.

    `partitions` names the columns that partition a model, so that it can be rebuilt in part: each with the
    tables that may change and their column of the same values, as it is or `lowered` (proven by
    `compile.analysis.partitions`). `moved` is a query for the values of these columns of which time alone
    has changed rows since the model was made; empty where time does not matter. `lookups` are the other
    tables that may change. `grouped` says that every row which counts for a model is of a group that it has
    a row for (`compile.analysis.grouped`). `reads` says how the columns of a source are read where they are
    not as its contract says. `time_drift` is a query for a number: 0 if time alone has changed no row of the
    model since it was made. `code` stands for all that a model was compiled from: while it is the same, it
    need not be compiled again. `definition` stands for what it is itself, columns and checks included,
    whatever it is made of and whatever the raw tables of the database look like.
    """

    name: str
    layer: str  # one of `pipeline.plan.layers`
    schema: str
    kind: str  # source, seed, model
    description: str
    columns: list[PlanColumn]
    key: list[str]
    depends_on: list[str] = field(default_factory=list)
    materialized: str = "table"  # table or view
    sql: str | None = None
    checks: list[Check] = field(default_factory=list)
    relation: str | None = None  # what its rows are selected from, as t0: a name or, of a source, a query
    lineage: dict[str, list[list[str]]] = field(default_factory=dict)
    fingerprint: str = ""
    code: str = ""
    definition: str = ""
    path: str = ""
    extended_by: list[str] = field(default_factory=list)  # files of models that add columns to it
    tags: list[str] = field(default_factory=list)
    time_drift: str = ""
    partitions: dict[str, dict[str, str]] = field(default_factory=dict)
    lookups: list[PlanLookup] = field(default_factory=list)
    moved: str = ""
    grouped: bool = False
    reads: dict[str, str] = field(default_factory=dict)
    missing: bool = False  # a source that the database does not have; it reads as empty
    may_be_missing: bool = False  # a source that need not exist, without a word
    json_columns: list[str] = field(default_factory=list)  # of a source: JSON, whatever the database's type
    optional_columns: list[str] = field(default_factory=list)  # of a source: those our own ingest adds

    @property
    def stored_name(self) -> str:
        """The table's name in its schema: the source `raw_otel_logs` is `raw.otel_logs`."""
        return self.name.removeprefix("raw_") if self.kind == "source" else self.name


@dataclass
class Plan:
    """Everything that a run needs, for one target."""

    fingerprint: str
    dialect: str
    version: str
    settings: dict[str, Any]
    tables: dict[str, PlanTable]  # in dependency order
    warnings: list[str] = field(default_factory=list)  # about the raw tables, for people

    def to_json(self) -> str:
        """The plan as readable JSON."""
        import orjson  # writes a plan of a megabyte in a tenth of the time

        return orjson.dumps(self, option=orjson.OPT_INDENT_2).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Plan":
        """The plan that `to_json` wrote.

        Raises:
            ValueError: the text is no plan of this release.
        """
        import orjson  # reads a plan of a megabyte in half the time of the standard library

        return cls.from_data(orjson.loads(text))

    @classmethod
    def from_data(cls, data: Any) -> "Plan":
        """The plan whose JSON was read into `data`.

        Raises:
            ValueError: it is no plan of this release.
        """
        try:
            tables = {name: _table(table) for name, table in data["tables"].items()}
            return cls(**data | {"tables": tables})
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no plan of this release: {error}") from error


def _table(table: dict[str, Any]) -> PlanTable:
    columns = [PlanColumn(**column) for column in table["columns"]]
    checks = [Check(**check) for check in table["checks"]]
    lookups = [PlanLookup(**lookup | {"on": tuple(map(tuple, lookup["on"]))}) for lookup in table["lookups"]]
    return PlanTable(**table | {"columns": columns, "checks": checks, "lookups": lookups})
