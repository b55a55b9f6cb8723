"""The listener under load and `kill -9`: what it has acknowledged lands, and once.

python -m tests.benchmarks.listener [SECONDS [RECORDS_A_SECOND]]     300 and 2000 unless told

Eight senders export over connections of their own as an SDK does: what is not acknowledged is sent again.
The listener is killed every 20 seconds and started again at once. At the end it is asked to finish, and the
database is compared with what it has acknowledged. Records are those of Claude Code, in protobuf and gzip.
"""

import contextlib
import gzip
import http.client
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple, Self

import duckdb
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.engines.servers import free_port
from tests.ingest.otlp.samples import log, logs

PROGRAM = "from pipeline.cli import main; main()"
SENDERS = 8
BATCH = 100  # records of an export
SECONDS_BETWEEN_KILLS = 20
SECONDS_BEFORE_AGAIN = 0.2
MOST_MEGABYTES = 400

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
NUMBER = "#" * 10  # stands for the number of a batch
ATTRIBUTES = {
    "session.id": "0b1f6a64-9a60-4d8e-8a1e-6d8e7e6d1c55",
    "user.email": "ada@example.com",
    "user.id": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "organization.id": "0af7651916cd43dd8448eb211c80319c",
    "terminal.type": "vscode",
    "event.name": "api_request",
    "model": "claude-opus-5",
    "cost_usd": 0.0423,
    "duration_ms": 2345,
    "input_tokens": 12,
    "output_tokens": 345,
    "cache_read_tokens": 67890,
    "cache_creation_tokens": 1234,
}
EXPORT = ParseDict(
    logs(*(log(ATTRIBUTES | {"request_id": f"{NUMBER}-{place:02}"}) for place in range(BATCH))),
    ExportLogsServiceRequest(),
).SerializeToString()


class Outcome(NamedTuple):
    """What became of records; none may be lost or doubled.

    Attributes:
        sent: different ones.
        acknowledged: those of which a sender was told that they are safe.
        landed: different ones in the database.
        lost: acknowledged, and not in the database.
        doubled: more often in the database than once.
        rate: records that were acknowledged a second.
        megabytes: that the listener and its children had at most.
    """

    sent: int
    acknowledged: int
    landed: int
    lost: int
    doubled: int
    rate: int
    megabytes: int


class Listener:
    """The program in a process of its own, which can be started again where it was.

    Attributes:
        port: where it listens.
        database: where it lands.
        megabytes: that it and its children had at most.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.database = folder / "x.duckdb"
        self.megabytes = 0
        self._words = f"ingest otlp --listen 127.0.0.1:{self.port} --spool".split()
        self._words += [str(folder / "spool"), "-t", str(self.database)]

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """End it, if it still runs."""
        self.kill()

    def start(self) -> None:
        """Start it, and return when it listens."""
        words = [sys.executable, "-u", "-c", PROGRAM, *self._words]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=root)
        assert self._process.stdout.readline().startswith("Listening on ")
        self._reader = threading.Thread(target=self._process.stdout.read)
        self._reader.start()

    def measure(self) -> None:
        """Look how much memory it has had; Linux only."""
        pid = self._process.pid
        with contextlib.suppress(OSError, IndexError):  # a process that has just ended
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            texts = [Path(f"/proc/{one}/status").read_text() for one in (pid, *children)]
            peak = sum(int(text.partition("VmHWM:")[2].split()[0]) for text in texts) >> 10
            self.megabytes = max(self.megabytes, peak)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._end(signal.SIGKILL)

    def finish(self) -> int:
        """Ask it to land what it has and to end; its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        self.measure()
        self._process.send_signal(number)
        self._reader.join()
        self._process.stdout.close()
        return self._process.wait()


class Sender(threading.Thread):
    """Exports one batch after the other, each until it is acknowledged.

    Args:
        port: of the listener.
        first: number of the first batch; those of others lie between its own.
        rate: records a second; after a stop it catches up.

    Attributes:
        sent: numbers of batches that it tried to send.
        acknowledged: numbers of those that the listener has.
    """

    def __init__(self, port: int, first: int, rate: float) -> None:
        super().__init__(daemon=True)  # without a listener it would go on for ever
        self.sent: list[int] = []
        self.acknowledged: list[int] = []
        self._port = port
        self._first = first
        self._rate = rate
        self._stopped = threading.Event()

    def run(self) -> None:
        """Send until it is stopped and the last batch is acknowledged."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        begun = time.monotonic()
        while not self._stopped.is_set():
            number = self._first + SENDERS * len(self.sent)
            body = gzip.compress(EXPORT.replace(NUMBER.encode(), b"%010d" % number), 1)
            self.sent.append(number)
            while not self._post(connection, body):
                time.sleep(SECONDS_BEFORE_AGAIN)
            self.acknowledged.append(number)
            self._stopped.wait(begun + BATCH * len(self.sent) / self._rate - time.monotonic())
        connection.close()

    def stop(self) -> None:
        """Have it end."""
        self._stopped.set()
        self.join()

    def _post(self, connection: http.client.HTTPConnection, body: bytes) -> bool:
        try:
            connection.request("POST", "/v1/logs", body, HEADERS)
            answer = connection.getresponse()
            rejected = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        assert answer.status in (200, 503), answer.status
        assert answer.status == 503 or not rejected
        return answer.status == 200


def run(folder: Path, kills: int, rate: float, between: float) -> Outcome:
    """Send until the listener was killed so often, every so many seconds."""
    with Listener(folder) as listener:
        senders = [Sender(listener.port, number, rate / SENDERS) for number in range(SENDERS)]
        begun = time.monotonic()
        for sender in senders:
            sender.start()
        for kill in range(1, kills + 1):
            while time.monotonic() < begun + kill * between:
                listener.measure()
                time.sleep(0.1)
            listener.kill()
            listener.start()
        for sender in senders:
            sender.stop()
        seconds = time.monotonic() - begun
        status = listener.finish()
        assert status == 0, status
    sent = sum(len(sender.sent) for sender in senders) * BATCH
    acknowledged = {number for sender in senders for number in sender.acknowledged}
    landed, lost, doubled = look(listener.database, acknowledged)
    reached = len(acknowledged) * BATCH / seconds
    return Outcome(sent, len(acknowledged) * BATCH, landed, lost, doubled, int(reached), listener.megabytes)


def look(database: Path, acknowledged: set[int]) -> tuple[int, int, int]:
    """How many records landed, were lost, and landed more than once."""
    with duckdb.connect(str(database), read_only=True) as connection:
        batches = connection.execute(
            "SELECT CAST(split_part(id, '-', 1) AS INTEGER), count(DISTINCT id), count(*)"
            " FROM (SELECT attributes ->> 'request_id' AS id FROM raw.otel_logs) GROUP BY 1"
        ).fetchall()
    found = {number: different for number, different, _ in batches}
    lost = sum(BATCH - found.get(number, 0) for number in acknowledged)
    return sum(found.values()), lost, sum(rows - different for _, different, rows in batches)


def main(seconds: float = 300, rate: float = 2000) -> None:
    """Print what became of the records, and fail if that is not right."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder), int(seconds / SECONDS_BETWEEN_KILLS), rate, SECONDS_BETWEEN_KILLS)
    print(*(f"{name:14}{value:10,}" for name, value in outcome._asdict().items()), sep="\n")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    each = (used.ru_utime + used.ru_stime) / outcome.landed * 1e6
    print(f"{each:.0f} µs of processors for a record, each start of the listener included")
    print(f"load before {load:.1f}, after {os.getloadavg()[0]:.1f}")
    too_little = outcome.rate < 0.98 * rate  # the last batches wait for the last start
    if outcome.lost or outcome.doubled or outcome.megabytes > MOST_MEGABYTES or too_little:
        sys.exit("that is not what must hold")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
