"""Tables as files, for tools that do not read the database."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.engines.base import Engine
from pipeline.errors import ModelError, SetupError
from pipeline.plan import PlanTable
from pipeline.system.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("parquet", "csv")


@dataclass(frozen=True)
class Exported:
    """A table that was written: its name, its file, and how many rows it has."""

    table: str
    file: Path
    rows: int


def export_tables(
    engine: Engine, tables: Sequence[PlanTable], folder: Path, *, format: str = "parquet"
) -> list[Exported]:
    """Write published tables into a folder, one file each, rows in the order of the key.

    All of them are written under temporary names first: either every file is new, or none is.

    Args:
        engine: an open database.
        tables: of the plan; models and seeds.
        folder: where to; made if it is not there.
        format: parquet or csv (UTF-8, a header, instants in UTC, NULL as nothing at all).

    Raises:
        ModelError: a table is not published.
        SetupError: the folder cannot be written.
    """
    write = {"parquet": _write_parquet, "csv": _write_csv}[format]
    kinds = engine.kinds()
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
            relation = connection.table(table.stored_name, database=table.schema)
            # In the order of the contract, which a table that was altered in place may not have.
            relation = relation.select([column.name for column in table.columns])
            ordered = relation.order_by(table.key) if table.key else relation
            try:
                rows = write(ordered.to_pyarrow_batches(), temporary)
            except OSError as error:
                raise SetupError(f"{file} cannot be written: {error.strerror or error}.") from error
            done.append(Exported(table.name, file, rows))
    return done


def _write_parquet(rows: "pa.RecordBatchReader", file: Path) -> int:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetWriter(file, rows.schema, compression="zstd") as writer:
        return _write_all(rows, writer.write_batch)


def _write_csv(rows: "pa.RecordBatchReader", file: Path) -> int:
    import pyarrow.csv

    with pyarrow.csv.CSVWriter(file, rows.schema) as writer:
        return _write_all(rows, writer.write_batch)


def _write_all(rows: Iterable[Any], write: Callable[[Any], None]) -> int:
    count = 0
    for batch in rows:
        write(batch)
        count += batch.num_rows
    return count
