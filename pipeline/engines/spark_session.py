"""Starting and stopping Spark: its settings, its master, its catalogue, and what its errors mean.

Without a metastore of your own, the catalogue is kept in the warehouse folder by Derby, which lets one
process in at a time. A lock file says who that is, so that the next one can wait, and name it.
"""

import fcntl
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import parse_qsl, unquote, urlsplit

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from pipeline.config import redact
from pipeline.errors import ConfigError, DatabaseLockedError, QueryError, TargetError

SECONDS_TO_REACH_MASTER = 5
SECONDS_TO_GET_WORKER = 60
SECONDS_BETWEEN_TRIES = 0.1

SETTINGS = {
    "spark.app.name": "aa-pipeline",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.catalogImplementation": "hive",
    "spark.sql.sources.default": "parquet",
    "spark.sql.legacy.createHiveTableByDefault": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Adaptive execution joins small partitions; 200 to begin with would take longer than the work.
    "spark.sql.shuffle.partitions": "16",
    # Else a product of decimals keeps six digits behind the point.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    # Java interprets methods of more than 8000 bytes and never compiles them: what a stage of many columns
    # is generated as then takes several times as long. Beyond this, Spark generates many small methods.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # What follows from conditions for every column and what is computed of it: of events with many computed
    # columns that takes more than a driver's memory, and gains nothing here (SPARK-19846).
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",
}
LOG = """\
rootLogger.level = off
"""
NO_JAVA = (
    "Spark needs Java 17 or 21, which was not found. Install it"
    " (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME."
)


@dataclass
class Warehouse:
    """The folder of the tables, and the catalogue in it, if it is ours.

    Attributes:
        folder: where tables lie.
        catalogue: the folder of Derby's database; None where a metastore of the user's knows the tables.
    """

    folder: str
    catalogue: Path | None
    held: IO[str] | None = None

    def hold(self, wait: float) -> None:
        """Keep other processes out of the catalogue, until `release`.

        Raises:
            DatabaseLockedError: another process still holds it after `wait` seconds.
            TargetError: the folder cannot be written.
        """
        if self.catalogue is None:
            return
        file = self.catalogue.with_name("_catalogue.lock")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            held = file.open("a+")
        except OSError as error:
            raise TargetError(
                f"The warehouse folder {self.folder} cannot be written: {error.strerror}."
                " Correct the target's URL, or the rights of the folder."
            ) from error
        deadline = time.monotonic() + wait
        while not _locked(held):
            if time.monotonic() >= deadline:
                held.seek(0)
                holder = held.read().strip() or "another process"
                held.close()
                raise DatabaseLockedError(
                    f"The warehouse {self.folder} is held by {holder}; waited {wait:g} s. Let it finish, or"
                    " try again later with a longer --wait. A metastore of your own lets several in."
                )
            time.sleep(SECONDS_BETWEEN_TRIES)
        held.truncate(0)
        held.write(f"process {os.getpid()} on {socket.gethostname()}")
        held.flush()
        self.held = held

    def release(self) -> None:
        """Let others in."""
        if self.held:
            self.held.close()
            self.held = None


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def start(url: str, memory_limit: str | None, wait: float, new: bool) -> tuple[SparkSession, Warehouse]:
    """Start a session on the master of a URL; without one, on this machine alone.

    Args:
        url: the target's.
        memory_limit: of the driver.
        wait: seconds to wait for a catalogue that another process holds.
        new: make a catalogue that is not there; otherwise that is an error.

    Raises:
        ConfigError: the URL holds what is no setting of Spark.
        TargetError: Java or the warehouse is missing, the master does not answer, or the cluster
            gives no worker.
        DatabaseLockedError: another process holds the catalogue.
    """
    settings, warehouse = _settings(url, memory_limit)
    if warehouse.catalogue and not new and not warehouse.catalogue.exists():
        raise TargetError(
            f"There is no warehouse at {warehouse.folder}. `aa-pipeline init` makes an empty one,"
            " `aa-pipeline ingest` fills it, `aa-pipeline copy` brings the rows of another database."
        )
    java_home = os.environ.get("JAVA_HOME")
    if not shutil.which(f"{java_home}/bin/java" if java_home else "java"):
        raise TargetError(NO_JAVA)
    _check_master(settings["spark.master"], url)
    if SparkSession.getActiveSession():
        raise TargetError(
            "This process has a Spark session already, and there can be one at a time. Stop it"
            " (`spark.stop()`), or run aa-pipeline in a process of its own."
        )
    warehouse.hold(wait)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        with _quiet():
            session = builder.getOrCreate()
            # Spark asks its catalogue for the first time here, and does it well or badly.
            session.sql("SHOW DATABASES")
    except Exception as error:  # from here on it comes from Java, in many classes
        active = SparkSession.getActiveSession()
        if active:
            stop(active, warehouse)
        warehouse.release()
        raise _not_started(error, url, warehouse) from None
    try:
        served = _has_worker(session)
    except BaseException:  # Ctrl-C while waiting
        stop(session, warehouse)
        raise
    if not served:
        stop(session, warehouse)
        raise TargetError(
            f"The Spark cluster of {redact(url)} has no worker for us; waited {SECONDS_TO_GET_WORKER:g} s."
            " Either none is alive, or others have their processors, or none has as much memory as asked"
            " for. The master's page tells; spark.cores.max and spark.executor.memory in the target's"
            " URL ask for less."
        )
    return session, warehouse


def _has_worker(session: SparkSession) -> bool:
    """Whether a standalone cluster runs anything for us; without a worker, statements wait forever."""
    context = session.sparkContext
    if not context.master.startswith("spark://"):
        return True
    if context.getConf().get("spark.dynamicAllocation.enabled", "false") == "true":
        return True  # workers come when there is work
    deadline = time.monotonic() + SECONDS_TO_GET_WORKER
    # The driver counts as one of them.
    while context._jsc.sc().getExecutorMemoryStatus().size() <= 1:
        if time.monotonic() >= deadline:
            return False
        time.sleep(SECONDS_BETWEEN_TRIES)
    return True


def stop(session: SparkSession, warehouse: Warehouse) -> None:
    """End a session, and have Java let go of the catalogue."""
    with suppress(Exception):  # whoever closes has nothing left to lose
        session.stop()
    if warehouse.catalogue:
        with suppress(Exception):  # Derby reports that it has shut down by an error
            database = f"jdbc:derby:;databaseName={warehouse.catalogue};shutdown=true"
            session._jvm.java.sql.DriverManager.getConnection(database)
    warehouse.release()


def _not_started(error: Exception, url: str, warehouse: Warehouse) -> Exception:
    """What an error at the start means to people."""
    said = str(error)
    causes = said + str(getattr(error, "_stackTrace", ""))
    if "XSDB6" in causes or "Another instance of Derby" in causes:
        return DatabaseLockedError(
            f"The catalogue in {warehouse.folder} is held by another program. Let it finish and try again,"
            " or give Spark a metastore that serves several."
        )
    if "JAVA_GATEWAY_EXITED" in said:
        return TargetError(
            f"Java ended before Spark had started for {redact(url)}. Spark needs Java 17 or 21, and"
            " enough memory; `java -version` shows which Java there is."
        )
    return TargetError(f"Spark cannot be started for {redact(url)}: {one_line(said)}.")


def _settings(url: str, memory_limit: str | None) -> tuple[dict[str, str], Warehouse]:
    """All settings of the session of a URL, and its warehouse."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query))
    folder = unquote(parts.path)
    if parts.scheme == "spark" and parts.netloc:
        given.setdefault("spark.master", f"spark://{parts.netloc}")
    elif parts.netloc:
        folder = f"{parts.netloc}{folder}"
    for name in given:
        if not name.startswith("spark."):
            raise ConfigError(
                f"{name} in {redact(url)} is no setting of Spark: they begin with spark.,"
                " such as spark.master."
            )
    folder = given.get("spark.sql.warehouse.dir") or str(Path(folder or "spark-warehouse").absolute())
    settings = SETTINGS | {"spark.master": "local[*]", "spark.sql.warehouse.dir": folder} | given
    if memory_limit:
        settings.setdefault("spark.driver.memory", memory_limit.upper().removesuffix("B").removesuffix("I"))
    host = urlsplit(settings["spark.master"]).hostname
    if settings["spark.master"].startswith("local") or host in ("127.0.0.1", "localhost"):
        settings = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"} | settings
    catalogue = None
    if not any(name.startswith(("spark.hadoop.hive", "spark.hadoop.javax.jdo")) for name in given):
        catalogue = Path(folder) / "_metastore"
        database = f"jdbc:derby:;databaseName={catalogue};create=true"
        settings["spark.hadoop.javax.jdo.option.ConnectionURL"] = database
    settings.setdefault(
        "spark.driver.extraJavaOptions", f"{_log_option()} -Dderby.stream.error.file=/dev/null"
    )
    return settings, Warehouse(folder, catalogue)


def _log_option() -> str:
    """Spark's own log says nothing to people that an error of ours does not say better."""
    file = Path(tempfile.gettempdir()) / f"aa-pipeline-log4j-{os.getuid()}.properties"
    if not file.exists():
        file.write_text(LOG)
    return f"-Dlog4j2.configurationFile=file:{file}"


def _check_master(master: str, url: str) -> None:
    """Spark itself would try for a minute, and then say little."""
    address = re.match(r"spark://([^:,/]+):(\d+)", master)
    if not address:
        return
    try:
        with socket.create_connection((address[1], int(address[2])), SECONDS_TO_REACH_MASTER):
            pass
    except OSError as error:
        raise TargetError(
            f"No Spark master answers at {master} ({error.strerror or error}), which {redact(url)} names."
            " Start the cluster, or correct the target's URL."
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """While Java starts, nothing of what it prints reaches the terminal."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def errors() -> Iterator[None]:
    """Turns what Spark raises into one paragraph."""
    from py4j.protocol import Py4JError, Py4JNetworkError  # type: ignore[import-untyped] # it has no types

    try:
        yield
    except (Py4JNetworkError, ConnectionError) as error:
        raise QueryError(
            f"The connection to Spark was lost: {one_line(str(error))}. Nothing was published;"
            " run the command again."
        ) from error
    except (PySparkException, Py4JError) as error:
        said = one_line(str(error))
        if "No space left on device" in str(error):
            said = f"the disk is full ({said})"
        raise QueryError(f"Spark refused a statement: {said}.") from error


def one_line(message: str) -> str:
    """The first paragraph of a message: what Spark says, without stack and query."""
    paragraph = re.split(r"\n\s*\n|\n\s*at |\n== SQL|JVM stacktrace|; line \d+ pos|;\n", message)[0]
    return " ".join(paragraph.split())[:500].rstrip(".;:")
