"""Apache Spark, spoken to through PySpark: SQL alone, no Python runs on the cluster.

The URL is Ibis's, `pyspark:///path/of/warehouse?spark.master=spark://host:7077`: the folder that the tables
lie in, as Parquet, and settings of Spark. The cluster's machines must see that folder. Without a metastore
of your own (`spark.sql.catalogImplementation=hive` and its settings), the catalogue is kept in the folder by
Derby, which lets one process in at a time.
"""

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyspark
from pyspark.sql import SparkSession

from pipeline.config import redact
from pipeline.engines.base import Kind, check_options
from pipeline.engines.spark_session import Warehouse, errors, start, stop
from pipeline.engines.versioned_views import LOCK, LOCK_SCHEMA, VersionedViewsEngine
from pipeline.errors import QueryError, TargetError
from pipeline.system.temporary import temporary_folder

OLDEST = (4, 0)


class Spark(VersionedViewsEngine):
    """A Spark session, and the warehouse folder that its tables lie in."""

    dialect = "pyspark"

    def __init__(self, session: SparkSession, url: str, warehouse: Warehouse, wait: float) -> None:
        super().__init__()
        self.session = session
        self.url = url
        self.warehouse = warehouse
        self.wait = wait

    def close(self) -> None:
        stop(self.session, self.warehouse)

    def fetch_result(
        self, sql: str, params: Sequence[Any] | None = None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        with errors():
            found = self.session.sql(self.redirected(sql), args=list(params) if params else None).toArrow()
        columns = [found.column(position).to_pylist() for position in range(found.num_columns)]
        return list(found.column_names), list(zip(*columns, strict=True))

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> int | None:
        with errors():
            self.session.sql(self.redirected(sql), args=list(params) if params else None)
        return None

    # What there is

    def schemas(self) -> list[str]:
        return [row[0] for row in self.fetch("SHOW DATABASES")]

    def objects(self, schema: str) -> dict[str, Kind]:
        views = {row[1] for row in self.fetch(f"SHOW VIEWS IN {self.quote(schema)}")}
        tables = self.fetch(f"SHOW TABLES IN {self.quote(schema)}")
        return {name: "view" if name in views else "table" for _, name, temporary in tables if not temporary}

    def shapes(self, schema: str) -> dict[str, dict[str, str]]:
        if schema.lower() not in self.schemas():
            return {}
        tables = [name for name in self.objects(schema) if self.is_logical(name)]
        return {table: self._types(schema, table) for table in tables}

    def _types(self, schema: str, table: str) -> dict[str, str]:
        with errors():
            fields = self.session.table(self.redirected(self.name(schema, table))).schema.fields
        return {field.name: field.dataType.simpleString() for field in fields}

    def content_hash(self, query: str) -> str | None:
        hashed = f"SELECT xxhash64(*) AS h FROM ({query})"
        counted = f"SELECT count(*), bit_xor(h), sum(CAST(h AS DECIMAL(38, 0))) FROM ({hashed})"
        return ":".join(map(str, self.fetch(counted)[0]))

    # Writing

    def create_schema(self, name: str) -> None:
        self.execute(f"CREATE DATABASE IF NOT EXISTS {self.quote(name)}")

    def storage(self, schema: str, kind: Kind, select: str) -> str:
        return "USING PARQUET " if kind == "table" else ""

    def append(self, schema: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        if not rows:
            return 0
        types = self._types(schema, table)
        # Through a file in the warehouse, which the cluster reads: what passes through the
        # driver's protocol instead is many times slower.
        file = f"{self.warehouse.folder}/_incoming/{uuid.uuid4().hex}.parquet"
        self._write(file, columns, rows, types)
        names = ", ".join(map(self.quote, columns))
        values = ", ".join(f"CAST({self.quote(name)} AS {types[name]})" for name in columns)
        try:
            self.execute(
                f"INSERT INTO {self.name(schema, table)} ({names}) SELECT {values} FROM parquet.`{file}`"
            )
        finally:
            self._remove(file)
        return len(rows)

    def _write(
        self, file: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], types: Mapping[str, str]
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        values = zip(*rows, strict=True)
        arrays = [_array(column, types[name]) for name, column in zip(columns, values, strict=True)]
        with temporary_folder() as folder:
            local = folder / "rows.parquet"
            pq.write_table(pa.Table.from_arrays(arrays, names=list(columns)), local)
            if file.startswith("/"):
                # On a folder of this machine the driver's own user writes.
                Path(file).parent.mkdir(parents=True, exist_ok=True)
                Path(file).write_bytes(local.read_bytes())
            else:
                hadoop, path = self._hadoop(file)
                with errors():
                    hadoop.copyFromLocalFile(self._path(str(local)), path)

    def _remove(self, file: str) -> None:
        with suppress(Exception):  # a file that stays does no harm
            if file.startswith("/"):
                shutil.rmtree(file) if Path(file).is_dir() else Path(file).unlink()
            else:
                hadoop, path = self._hadoop(file)
                hadoop.delete(path, True)

    def _hadoop(self, file: str) -> tuple[Any, Any]:
        """The file system of a path, and the path, as Hadoop has them."""
        path = self._path(file)
        return path.getFileSystem(self.session._jsparkSession.sessionState().newHadoopConf()), path

    def _path(self, file: str) -> Any:
        return self.session._jvm.org.apache.hadoop.fs.Path(file)

    def delete(self, schema: str, table: str, column: str, value: Any) -> None:
        # Parquet takes no rows back: those that stay are written anew.
        name = self.name(schema, table)
        columns, rows = self.fetch_result(
            f"SELECT * FROM {name} WHERE NOT {self.quote(column)} <=> ?", [value]
        )
        if len(rows) < self.fetch(f"SELECT count(*) FROM {name}")[0][0]:
            self.execute(f"TRUNCATE TABLE {name}")
            self.append(schema, table, columns, rows)

    def delete_numbered(self, schema: str, table: str, numbers: Sequence[int], condition: str) -> None:
        if not numbers:
            return
        # The same, but on the cluster: the table may be large.
        name, key, some = self.name(schema, table), self.quote("id"), ", ".join(map(str, numbers))
        file = f"{self.warehouse.folder}/_incoming/{uuid.uuid4().hex}.parquet"
        try:
            with errors():
                kept = self.session.sql(
                    self.redirected(
                        f"SELECT * FROM {name} WHERE NOT coalesce({key} IN ({some}) AND {condition}, false)"
                    )
                )
                kept.write.parquet(file)
            self.execute(f"INSERT OVERWRITE TABLE {name} SELECT * FROM parquet.`{file}`")
        finally:
            self._remove(file)

    def create_lock(self, holder: str) -> bool:
        name = self.name(LOCK_SCHEMA, LOCK)
        try:
            self.execute(f"CREATE TABLE {name} (held BOOLEAN) USING PARQUET COMMENT '{holder}'")
        except QueryError as error:
            if "ALREADY_EXISTS" in str(error):
                return False
            raise
        return True

    def lock_holder(self) -> str:
        with suppress(QueryError):  # it may just have been given back
            for name, value, _ in self.fetch(f"DESCRIBE EXTENDED {self.name(LOCK_SCHEMA, LOCK)}"):
                if name == "Comment":
                    return str(value)
        return ""

    def ibis(self) -> Any:
        import ibis

        from pipeline.engines.spark_ibis import SparkBackend

        if ibis.options.pyspark is None:
            SparkBackend.register_options()  # as `ibis.pyspark` does when it is first used
        return SparkBackend().connect(self.session)


def open_engine(
    url: str,
    *,
    read_only: bool = False,
    wait: float = 5.0,
    memory_limit: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Spark:
    """Start a session on the master of a URL; without one, on this machine alone.

    Raises:
        ConfigError: an option is unknown.
        TargetError: Java or the warehouse is missing, the master does not answer, or the cluster
            has no worker for us.
        DatabaseLockedError: another process holds the catalogue.
    """
    check_options("Spark", {}, options)
    if tuple(map(int, pyspark.__version__.split(".")[:2])) < OLDEST:
        raise TargetError(
            f"PySpark {pyspark.__version__} is too old. Install one that works:"
            " pip install 'aa-pipeline[spark]'."
        )
    session, warehouse = start(url, memory_limit, wait, new=not read_only)
    return Spark(session, redact(url), warehouse, wait)


def _array(values: Sequence[Any], native: str) -> Any:
    """Values as an Arrow array of a Spark type, or of text, which Spark then casts."""
    import pyarrow as pa

    types = {
        "bigint": pa.int64(),
        "int": pa.int32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "string": pa.string(),
    }
    if native == "string":
        return pa.array([None if value is None else _text(value) for value in values], pa.string())
    try:
        return pa.array(values, types[native])
    except (KeyError, pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value).encode("utf-8", "replace").decode()
