"""What contracts are written with.

A contract is one class per table, and the only place where a column is described:

    class DimAgents(Contract):
        \"\"\"One row per agent that appears in any fact.\"\"\"

        agent_type: str = column(description="The agent.")

        class Config:
            unique = ["agent_type"]

Names and order of the columns, types, nullability, the key (`Config.unique`), references,
closed lists (`isin=`), ranges (`ge=`, `le=`) and the sentences of the documentation all come from it.
A method under `@pa.dataframe_check` is a check across columns; its docstring is the sentence
that a person reads when it fails.
"""

import inspect
import re
from functools import partial
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import pandera.ibis as pa
from pandera.config import ValidationDepth, config_context, get_config_context

# Types compare exactly, scale included: every instant is UTC with microseconds.
UtcTimestamp = dt.Timestamp(timezone="UTC", scale=6)
Decimal = dt.Decimal(38, 9)

# A bare pa.Field would fetch every failing row to the client.
EXAMPLES = 5


def column(*, warn: bool = False, tolerance: str | None = None, **field: Any) -> Any:
    """A column of a contract: `pa.Field` with bounded examples.

    Args:
        warn: its checks only warn; they never stop a build.
        tolerance: how many rows may fail, as a count (`"10"`) or a share (`"1%"`).
        **field: what `pa.Field` takes, `description` above all.
    """
    metadata = dict(field.pop("metadata", None) or {})
    if warn:
        metadata["severity"] = "warn"
    if tolerance is not None:
        metadata["tolerance"] = tolerance
    return pa.Field(n_failure_cases=EXAMPLES, metadata=metadata or None, **field)


count = partial(column, ge=0)
money = partial(column, ge=0)
share = partial(column, ge=0, le=1)
rate = partial(share, nullable=True)
percentage = partial(column, ge=0, le=100, nullable=True)


def ref(target: str, **field: Any) -> Any:
    """A column whose values must exist in `target`, written `table.column`."""
    return column(metadata={"references": target}, **field)


class Contract(pa.DataFrameModel):
    """One table that we build: exactly these columns, in this order."""

    class Config:
        strict = True
        ordered = True

    @classmethod
    def table(cls) -> str:
        """The table's name: the class name in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def doc(cls) -> str:
        """The cleaned docstring; its first line is the grain."""
        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def key(cls) -> list[str]:
        """The columns that together identify a row; empty where there is no key."""
        unique = cls.to_schema().unique
        return [unique] if isinstance(unique, str) else list(unique or [])

    @classmethod
    def columns(cls) -> dict[str, dt.DataType]:
        """Column names and Ibis types, in order; non-nullable ones say so."""
        return {
            name: field.dtype.type.copy(nullable=bool(field.nullable))
            for name, field in cls.to_schema().columns.items()
        }

    @classmethod
    def references(cls) -> dict[str, str]:
        """Foreign keys: column → `table.column`."""
        fields = cls.to_schema().columns.items()
        return {
            name: field.metadata["references"]
            for name, field in fields
            if field.metadata and "references" in field.metadata
        }

    @classmethod
    def validate(cls, check_obj: Any, *args: Any, lazy: bool = True, **kwargs: Any) -> Any:
        """Check an Ibis table or a data frame, and give it back as it came.

        Args:
            check_obj: an Ibis table, or rows that `ibis.memtable` takes: a pandas or Polars data
                frame, an Arrow table.
            *args: as in Pandera.
            lazy: look for everything that is wrong, not only for the first thing.
            **kwargs: as in Pandera.

        Raises:
            pandera.errors.SchemaErrors: the contract is not kept; says how.
        """
        from pipeline.system.compat import mend_duckdb

        mend_duckdb()
        table = check_obj if isinstance(check_obj, ibis.Table) else cls._of_rows(check_obj)
        columns_only = get_config_context().validation_depth is ValidationDepth.SCHEMA_ONLY
        if not columns_only and table.count().to_pyarrow().as_py() == 0:
            # Without rows there is nothing to be wrong; Pandera's Ibis backend thinks otherwise.
            with config_context(validation_depth=ValidationDepth.SCHEMA_ONLY):
                super().validate(table, *args, lazy=lazy, **kwargs)
        else:
            super().validate(table, *args, lazy=lazy, **kwargs)
        return check_obj

    @classmethod
    def _of_rows(cls, rows: Any) -> ibis.Table:
        """Rows from memory as a table; where a data frame cannot say a type, it has the contract's.

        pandas knows no dates, and no whole numbers beside NULL: instants at midnight and fractions that are
        none are these.
        """
        table = ibis.memtable(rows)
        meant: dict[str, dt.DataType] = {}
        maybe: dict[str, ibis.expr.types.BooleanValue] = {}
        for name, wanted in cls.columns().items():
            if name not in table.columns:
                continue
            column, kind = table[name], table[name].type()
            instants = kind.is_timestamp() and wanted.is_timestamp()
            narrower = kind.is_decimal() and wanted.is_decimal() and (kind.scale or 0) <= (wanted.scale or 0)
            if kind.is_null() or narrower or (instants and kind.timezone == wanted.timezone):
                meant[name] = wanted
            elif wanted.is_date() and kind.is_timestamp() and kind.timezone is None:
                maybe[name] = column == column.truncate("D")
            elif wanted.is_integer() and kind.is_floating():
                maybe[name] = column == column.floor()
        if maybe:
            counts = table.agg(**{name: (~same).sum().fill_null(0) for name, same in maybe.items()})
            (others,) = counts.to_pyarrow().to_pylist()
            meant |= {name: cls.columns()[name] for name in maybe if others[name] == 0}
        return table.cast(meant)

    @classmethod
    def unbound(cls) -> ibis.Table:
        """A table of this shape with no data and no database behind it."""
        return ibis.table(cls.columns(), name=cls.table())


class Source(Contract):
    """A raw table that collectors write: the columns that it must at least have."""

    class Config:
        strict = False
        ordered = False

    @classmethod
    def may_be_missing(cls) -> bool:
        """Whether a database may lack the table without a word: it is no table that others write."""
        return False

    @classmethod
    def optional(cls) -> set[str]:
        """Columns that our own ingest adds, and that a foreign database may lack."""
        fields = cls.to_schema().columns.items()
        return {name for name, field in fields if (field.metadata or {}).get("optional")}

    @classmethod
    def json(cls) -> set[str]:
        """Columns that hold JSON, whatever type the database gives them."""
        fields = cls.to_schema().columns.items()
        return {name for name, field in fields if (field.metadata or {}).get("json")}


def json_text(**field: Any) -> Any:
    """A column of a source that holds JSON, stored as JSON or as text, read as its text."""
    metadata = {"json": True} | field.pop("metadata", {})
    return column(nullable=True, metadata=metadata, **field)


def extra(*, json: bool = False, **field: Any) -> Any:
    """A column of a source that our own ingest fills and other collectors may lack."""
    metadata = {"optional": True, "json": True} if json else {"optional": True}
    return column(nullable=True, metadata=metadata, **field)
