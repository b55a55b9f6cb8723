"""Tables as files, for tools that do not read the database."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.engines.base import Engine
from pipeline.errors import ModelError
from pipeline.outputs.export_groups import GROUPED, check_tables, read_grouped
from pipeline.plan import PlanTable
from pipeline.system.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("parquet", "csv")
# How a cell begins that spreadsheets take for a formula: owasp.org/www-community/attacks/CSV_Injection
FORMULA = "^[=+\\-@\t\r\n＝＋－＠]"


@dataclass(frozen=True)
class Exported:
    """A table that was written: its name, its file, and how many rows it has.

    Attributes:
        guarded: texts that a spreadsheet would take for formulas, and that got an apostrophe before them.
    """

    table: str
    file: Path
    rows: int
    guarded: int = 0


def export_tables(
    engine: Engine,
    tables: Sequence[PlanTable],
    folder: Path,
    *,
    format: str = "parquet",
    formulas: bool = False,
    min_group: int = 1,
) -> list[Exported]:
    """Write published tables into a folder, one file each, rows in the order of the key.

    All of them are written under temporary names first: either every file is new, or none is.

    Args:
        engine: an open database.
        tables: of the plan; models and seeds.
        folder: where to; made if it is not there.
        format: parquet or csv (UTF-8, a header, instants in UTC, NULL as nothing at all).
        formulas: write texts to CSV as they are, though a spreadsheet would run some of them.
        min_group: the least number of people behind any row; with more than 1, two facts are written in
            groups, and other tables about people not at all.

    Raises:
        ModelError: a table is not published, or tells of single people and may not.
        SetupError: the folder cannot be written.
    """
    write = {"parquet": _write_parquet, "csv": _write_csv}[format]
    guarding = format == "csv" and not formulas
    kinds = engine.kinds()
    if min_group > 1:
        check_tables(tables, min_group)
    for table in tables:
        if (table.schema, table.stored_name) not in kinds:
            raise ModelError(
                f"{table.name} is not published in {engine.url}."
                f" `aa-pipeline build -s +{table.name}` makes it."
            )
    connection = engine.ibis()
    done = []
    with ExitStack() as files:
        for table in tables:
            file = folder / f"{table.name}.{format}"
            temporary = files.enter_context(replacing(file))
            if min_group > 1 and table.name in GROUPED:
                batches = read_grouped(engine, table.name, min_group)
            else:
                relation = connection.table(table.stored_name, database=table.schema)
                # In the order of the contract, which a table that was altered in place may not have.
                relation = relation.select([column.name for column in table.columns])
                ordered = relation.order_by(table.key) if table.key else relation
                batches = ordered.to_pyarrow_batches()
            guard = Guard()
            rows = write(batches.schema, guard.over(batches) if guarding else batches, temporary)
            done.append(Exported(table.name, file, rows, guard.count))
    return done


class Guard:
    """Puts an apostrophe before texts that a spreadsheet would take for formulas, as it does itself.

    Attributes:
        count: how many there were so far.
    """

    def __init__(self) -> None:
        self.count = 0

    def over(self, batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        """The batches, with texts that run nothing; numbers stay numbers."""
        import pyarrow as pa

        for batch in batches:
            columns = [self._text(c) if _is_text(c.type) else c for c in batch.columns]
            yield pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def _text(self, column: "pa.Array") -> "pa.Array":
        import pyarrow.compute as pc

        runs = pc.fill_null(pc.match_substring_regex(column, FORMULA), False)
        count = pc.sum(runs).as_py() or 0
        self.count += count
        return pc.if_else(runs, pc.binary_join_element_wise("'", column, ""), column) if count else column


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _write_parquet(schema: "pa.Schema", rows: "Iterable[pa.RecordBatch]", file: Path) -> int:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        return _write_all(rows, writer.write_batch)


def _write_csv(schema: "pa.Schema", rows: "Iterable[pa.RecordBatch]", file: Path) -> int:
    import pyarrow.csv

    with pyarrow.csv.CSVWriter(file, schema) as writer:
        return _write_all(rows, writer.write_batch)


def _write_all(rows: Iterable[Any], write: Callable[[Any], None]) -> int:
    count = 0
    for batch in rows:
        write(batch)
        count += batch.num_rows
    return count
