"""What the listener takes of memory while it is attacked, and that it still serves others.

python -m tests.benchmarks.attacks [NAME...]     all of them unless told

Each attack has a listener of its own, which lands as it always does. All the while an honest sender exports;
it may be told to come again, but it is served. Linux only.
"""

import contextlib
import gzip
import http.client
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.benchmarks.listener import EXPORT, HEADERS, MOST_MEGABYTES, Listener
from tests.ingest.otlp.samples import log, logs
from tests.ingest.otlp.test_http import ATTACKS as MILLIONS
from tests.ingest.otlp.test_http import HEAD, JSON

AT_ONCE = 8
MANY = 2000
SECONDS = 20
MOST_SECONDS = 120  # until the honest sender is answered
LARGEST = 31 << 20


def drip(port: int) -> None:
    """Bodies that bring a byte a second, on as many connections as there are."""
    start = HEAD + b"Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(port, start)) for _ in range(200)]
        for _ in range(SECONDS):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.sendall(b" ")
            time.sleep(1)


def millions(port: int) -> None:
    """A million empty objects in little gzip, of all kinds at once."""
    bodies = [(path, content_type, gzip.compress(body)) for path, content_type, body in MILLIONS.values()]
    together([lambda body=body: post(port, *body, encoding="gzip") for body in bodies * 2])


def depths(port: int) -> None:
    """Lists and maps in one another: as deep as may be, in values that are else good."""
    value: dict = {"stringValue": "deep"}
    for _ in range(90):
        value = {"kvlistValue": {"values": [{"key": "k", "value": value}]}}
    good = log() | {"attributes": [{"key": "deep", "value": value}]}
    bodies = [json.dumps(logs(*[good] * 300)).encode(), b'{"resourceLogs":' + b"[" * LARGEST]
    bodies += [b'{"resourceLogs":' + b'[{"a":' * (LARGEST // 6)]
    together([lambda body=body: post(port, "/v1/logs", JSON, body) for body in bodies * AT_ONCE])


def crowd(port: int) -> None:
    """Connections, many more than there are slots: some say nothing, some half of what they want."""
    with contextlib.ExitStack() as stack:
        for number in range(MANY):
            with contextlib.suppress(OSError):
                stack.enter_context(connect(port, (b"", b"P", HEAD)[number % 3]))
        time.sleep(SECONDS)


def large(port: int) -> None:
    """Good bodies that are as large as is taken, at once."""
    records = LARGEST // len(json.dumps(log({"n": 1}, body="x" * 1000)))
    body = json.dumps(logs(*(log({"n": n}, body="x" * 1000) for n in range(records - 1000)))).encode()
    together([lambda: post(port, "/v1/logs", JSON, body)] * AT_ONCE)


def wide(port: int) -> None:
    """Good bodies of as many values as are taken, at once."""
    body = json.dumps(logs(*(log({f"a{place}": place for place in range(30)}) for _ in range(8000)))).encode()
    together([lambda: post(port, "/v1/logs", JSON, gzip.compress(body, 1), encoding="gzip")] * AT_ONCE)


ATTACKS: dict[str, Callable[[int], None]] = {
    attack.__name__: attack for attack in (drip, millions, depths, crowd, large, wide)
}


def connect(port: int, start: bytes) -> socket.socket:
    """A connection with the start of a request."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(start)
    return connection


def post(port: int, path: str, content_type: str, body: bytes, *, encoding: str = "identity") -> int:
    """The status of the answer; 0 if there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=MOST_SECONDS)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        headers = {"Content-Type": content_type, "Content-Encoding": encoding}
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    return 0


def together(actions: list[Callable[[], object]]) -> None:
    """Do things at once."""
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextlib.contextmanager
def measuring(listener: Listener) -> Iterator[None]:
    """Look at the memory all the while: helpers come and go."""
    ended = threading.Event()

    def measure() -> None:
        while not ended.wait(0.05):
            listener.measure()

    thread = threading.Thread(target=measure)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def honest(port: int) -> float:
    """Seconds until an export is taken, which is sent until it is."""
    begun = time.monotonic()
    path, content_type, body = "/v1/logs", HEADERS["Content-Type"], gzip.compress(EXPORT)
    while post(port, path, content_type, body, encoding="gzip") != 200:
        assert time.monotonic() - begun < MOST_SECONDS, "an honest sender is not served"
        time.sleep(0.2)
    return time.monotonic() - begun


def run(folder: Path, attack: Callable[[int], None]) -> tuple[int, float]:
    """Megabytes at most, and the seconds that an honest sender waited at most."""
    with Listener(folder) as listener, measuring(listener), ThreadPoolExecutor(1) as attacker:
        attacking = attacker.submit(attack, listener.port)
        longest = honest(listener.port)
        while not attacking.done():
            longest = max(longest, honest(listener.port))
        attacking.result()
        status = listener.finish()
        assert status == 0, status
    return listener.megabytes, longest


def main(*names: str) -> None:
    """Print what each attack takes, and fail if it is too much."""
    most = 0
    for name in names or ATTACKS:
        with tempfile.TemporaryDirectory() as folder:
            megabytes, seconds = run(Path(folder), ATTACKS[name])
        print(f"{name:10}{megabytes:6} MB; an honest sender waited {seconds:.1f} s at most", flush=True)
        most = max(most, megabytes)
    if most > MOST_MEGABYTES:
        sys.exit(f"more than {MOST_MEGABYTES} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
