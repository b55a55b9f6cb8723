"""`ingest parquet`: files with the columns of the Collector's tables in ClickHouse.

DuckDB reads them, in a database of its own. A file is read whole; what is there already does not land again.
"""

import glob
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.errors import IngestError
from pipeline.ingest.collector.account import ROWS_AT_ONCE, Account
from pipeline.ingest.collector.buckets import SCHEME, BucketError, BucketFile, find_in_bucket
from pipeline.ingest.collector.tables import Kind, kind_of
from pipeline.ingest.landing.landing import IngestResult, Landing
from pipeline.plan.render import quote
from pipeline.system.temporary import temporary_folder

if TYPE_CHECKING:
    import duckdb

    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

SUFFIX = ".parquet"
ATTRIBUTES = ("resource", "scope", "attributes")
TIMES = ("time", "start")
WHOLE = ("duration", "count", "flags", "severity_number", "temporality")
SECOND = 10**9


def ingest_parquet(
    engine: "Engine",
    paths: Sequence[str],
    *,
    include: Iterable[str] = (),
    pseudonyms: "Pseudonyms | None" = None,
) -> IngestResult:
    """Land Parquet files, folders of them and globs, of this machine and of S3.

    Args:
        engine: an open engine.
        paths: files, folders or globs; or what begins with `s3://`.
        include: names of content attributes to land all the same, such as `prompt`.
        pseudonyms: what lands instead of people; None lets them be.

    Raises:
        SetupError: a name in `include` is no content attribute.
        IngestError: there is no such file, or none with columns that we know; nothing landed.
    """
    import duckdb

    files, problems = _files(paths)
    read = 0
    with Landing(engine, "parquet", paths, pseudonyms) as landing, duckdb.connect() as reader:
        account = Account(landing, include)
        reader.execute("SET TimeZone = 'UTC'")
        for file in files:
            name = str(file)
            try:
                with _here(file) as here:
                    columns = _columns(reader, here)
                    kind = kind_of(columns)
                    if kind is None:
                        problems.append(f"{name} has no columns of logs, metrics or traces that we know")
                        continue
                    account.tell_columns(name, kind, columns)
                    account.take(name, kind, _records(reader, here, kind, columns))
                    read += 1
            except BucketError as error:
                problems.append(str(error))
            except duckdb.Error as error:
                problems.append(f"{name} cannot be read: {' '.join(str(error).split())[:300]}")
        if not read:
            raise IngestError(
                f"Nothing was ingested: {'; '.join(problems)}. Give Parquet files with the columns of the"
                " Collector's exporter for ClickHouse, or folders of such files."
            )
        for problem in problems:
            landing.warn(f"{problem}.")
        account.finish()
    return landing.result


@contextmanager
def _here(file: Path | BucketFile) -> Iterator[str]:
    """The path of a file on this machine, for as long as it is read."""
    if isinstance(file, Path):
        yield str(file)
        return
    with temporary_folder() as folder:
        copy = folder / f"copy{SUFFIX}"
        file.copy_to(copy)
        yield str(copy)


def _files(paths: Sequence[str]) -> tuple[list[Path | BucketFile], list[str]]:
    """Files, each once, and a sentence for each path that leads to none."""
    found: dict[Path | str, Path | BucketFile] = {}
    problems = []
    for given in paths:
        if given.startswith(SCHEME):
            try:
                there = find_in_bucket(given, SUFFIX)
            except BucketError as error:
                problems.append(str(error))
                continue
            if not there:
                problems.append(f"{given}: there is no {SUFFIX} file")
            found |= {file.key: file for file in there}
            continue
        if "://" in given:
            problems.append(
                f"{given} is elsewhere, and only this machine and {SCHEME} are read: copy it here"
            )
            continue
        path = Path(given).expanduser()
        if path.is_dir():
            files = sorted(file for file in path.rglob(f"*{SUFFIX}") if file.is_file())
        elif path.exists():
            files = [path]
        else:
            # Path.glob takes no pattern that begins at the root.
            files = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207
        if not files:
            problems.append(f"{given}: there is no {SUFFIX} file")
        found |= {file.resolve(): file for file in files}
    return [*found.values()], problems


def _columns(reader: "duckdb.DuckDBPyConnection", file: str) -> dict[str, str]:
    """The types of a file's columns."""
    rows = reader.execute("DESCRIBE SELECT * FROM read_parquet(?)", [_literally(file)]).fetchall()
    return {name: kind for name, kind, *_ in rows}


def _records(
    reader: "duckdb.DuckDBPyConnection", file: str, kind: Kind, columns: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    reads = {name: column for name, column in kind.reads.items() if column in columns}
    values = ", ".join(
        _value(name, quote(column, "duckdb"), columns[column]) for name, column in reads.items()
    )
    found = reader.cursor().execute(f"SELECT {values} FROM read_parquet(?)", [_literally(file)])
    while rows := found.fetchmany(ROWS_AT_ONCE):
        for row in rows:
            record = dict(zip(reads, row, strict=True))
            for name in ATTRIBUTES:
                if record.get(name):
                    record[name] = orjson.loads(record[name])
            yield record


def _value(name: str, column: str, kind: str) -> str:
    """An expression of what is read of a column, whatever its type in the file."""
    if kind == "BLOB":  # text that a writer has not marked as such
        column, kind = f"decode({column})", "VARCHAR"
    if name in TIMES:
        if kind.endswith("INT") or kind.endswith("INTEGER"):  # a DateTime, as ClickHouse may write it
            return f"CAST({column} AS BIGINT) * {SECOND}"
        return f"epoch_ns(CAST({column} AS TIMESTAMP_NS))" if kind == "VARCHAR" else f"epoch_ns({column})"
    if name in ATTRIBUTES and kind != "VARCHAR":
        return f"CAST(to_json({column}) AS VARCHAR)"
    if name in WHOLE:
        return f"CAST({column} AS BIGINT)"
    return f"CAST({column} AS DOUBLE)" if name == "value" else f"CAST({column} AS VARCHAR)"


def _literally(file: str) -> str:
    """A path in which DuckDB sees no pattern."""
    return glob.escape(file)
