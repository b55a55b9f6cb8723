"""Real servers on this machine: temporary folders, free ports, 127.0.0.1, gone after the tests."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SECONDS_TO_START = 60


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Return as soon as something listens on the port."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if process and process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


def postgres_programs() -> Path:
    """The folder of PostgreSQL's programs, where Debian or PATH has them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    if not program:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return Path(program).parent


class PostgresServer:
    """A server of its own in `folder`; the owner is `builder`, whose password is `PASSWORD`."""

    USER, PASSWORD = "builder", "s3cr:t/@ü"

    def __init__(self, folder: Path) -> None:
        self.programs = postgres_programs()
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        # initdb and the server refuse to run as root.
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        """Run one of PostgreSQL's programs."""
        return subprocess.run(
            [*self.as_user, str(self.programs / program), *arguments],
            check=check,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )

    def create(self) -> None:
        """Make the server's files."""
        if self.as_user:
            shutil.chown(self.folder, "postgres")
        password = self.folder / "password"
        password.write_text(self.PASSWORD)
        password.chmod(0o644)
        self.run(
            "initdb",
            *("-D", str(self.data), "-U", self.USER, f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            # As people's servers have it: "a" before "B".
            *("--locale-provider=icu", "--icu-locale=en"),
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "timezone": "America/New_York",  # a session must not rely on it
        }
        options = " ".join(f"-c {name}={value!r}" for name, value in settings.items())
        self.run("pg_ctl", "start", "-w", "-D", str(self.data), "-l", "/dev/null", "-o", options)

    def stop(self) -> None:
        """Stop it at once; clients lose their connection."""
        self.run("pg_ctl", "stop", "-m", "immediate", "-D", str(self.data), check=False)

    def url(self, database: str = "postgres", user: str = USER, password: str | None = None) -> str:
        """The URL of a database."""
        from urllib.parse import quote

        secret = quote(self.PASSWORD if password is None else password, safe="")
        return f"postgres://{user}:{secret}@127.0.0.1:{self.port}/{database}"


@contextlib.contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server, in a folder that its user may enter."""
    with tempfile.TemporaryDirectory(prefix="aa-postgres-") as folder:
        server = PostgresServer(Path(folder))
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


class SparkCluster:
    """A standalone cluster of one master and two workers, each a process of its own."""

    WORKERS = 2
    MEMORY = "1g"

    def __init__(self, folder: Path) -> None:
        pyspark = pytest.importorskip("pyspark", reason="pip install 'aa-pipeline[spark]'")
        if not shutil.which("java") and "JAVA_HOME" not in os.environ:
            pytest.skip("Java is not installed (Debian: apt-get install openjdk-17-jre-headless)")
        self.home = Path(pyspark.__file__).parent
        self.folder = folder
        self.port = free_port()
        self.master: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self.others: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start all processes, and wait until the master answers."""
        listen = ["--host", "127.0.0.1", "--webui-port", "0"]
        self.master = self._run("master.Master", *listen, "--port", str(self.port))
        wait_for_port(self.port, self.master)
        for _ in range(self.WORKERS):
            self.add_worker()

    def add_worker(self) -> None:
        """Start one more worker with one core."""
        place = ["-d", str(self.folder / f"worker{len(self.workers)}"), "-c", "1", "-m", self.MEMORY]
        listen = ["--host", "127.0.0.1", "--webui-port", "0"]
        worker = self._run("worker.Worker", *listen, *place, f"spark://127.0.0.1:{self.port}")
        self.workers.append(worker)

    def _run(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self.home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"SPARK_HOME": str(self.home), "SPARK_LOCAL_IP": "127.0.0.1"},
            start_new_session=True,  # the executors of a worker go with it
        )

    def start_metastore(self) -> int:
        """Start Hive's metastore, a catalogue that serves several processes; its port."""
        port = free_port()
        settings = {
            "javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={self.folder}/metastore;create=true",
            "datanucleus.schema.autoCreateAll": "true",
            "hive.metastore.schema.verification": "false",
            "hive.metastore.warehouse.dir": str(self.folder / "metastore-warehouse"),
            "hive.async.log.enabled": "false",
        }
        process = subprocess.Popen(
            [
                *("java", "-cp", str(self.home / "jars" / "*"), "-Dderby.stream.error.file=/dev/null"),
                *("org.apache.hadoop.hive.metastore.HiveMetaStore", "-p", str(port)),
                *(word for name, value in settings.items() for word in ("--hiveconf", f"{name}={value}")),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            start_new_session=True,
        )
        self.others.append(process)
        wait_for_port(port, process)
        return port

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a process and its children at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End all processes."""
        for process in [*self.others, *self.workers, *([self.master] if self.master else [])]:
            self.kill(process)

    def url(self, warehouse: Path) -> str:
        """The URL of a warehouse folder on this cluster."""
        return (
            f"pyspark://{warehouse}?spark.master=spark://127.0.0.1:{self.port}"
            f"&spark.executor.memory=512m&spark.sql.shuffle.partitions=2"
            # Small queries: planning them anew after each stage takes longer than it saves.
            "&spark.sql.adaptive.enabled=false"
        )


@contextlib.contextmanager
def spark_cluster() -> Iterator[SparkCluster]:
    """A running cluster."""
    with tempfile.TemporaryDirectory(prefix="aa-spark-", ignore_cleanup_errors=True) as folder:
        cluster = SparkCluster(Path(folder))
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


EMULATOR = "AA_BQEMULATOR"


def emulator_python() -> str:
    """The Python of an environment with the packages of emulator-requirements.txt."""
    python = os.environ.get(EMULATOR)
    if not python:
        pytest.skip(f"no emulator of BigQuery: {EMULATOR} names no Python with emulator-requirements.txt")
    return python


class BigQueryEmulator:
    """An emulator of BigQuery's protocols, which is not Google's service."""

    def __init__(self) -> None:
        pytest.importorskip("google.cloud.bigquery", reason="pip install 'aa-pipeline[bigquery]'")
        self.program = [emulator_python(), str(Path(__file__).with_name("emulator.py"))]
        self.port = free_port()

    def start(self) -> None:
        """Start it and wait until it answers."""
        ports = ["--rest-port", str(self.port), "--grpc-port", "0"]
        self.process = subprocess.Popen(
            [*self.program, "start", "--ephemeral", "--log-level", "critical", *ports],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port, self.process)

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()

    def url(self, project: str) -> str:
        """The URL of a project; each is new and empty."""
        return f"bigquery://{project}?api_endpoint=http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def bigquery_emulator() -> Iterator[BigQueryEmulator]:
    """A running emulator."""
    emulator = BigQueryEmulator()
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.stop()
