"""`ingest otlp --listen`: telemetry straight from the agents, for people without a Collector.

Exports are spooled to files, and landed from there every few seconds. The database is open only
for moments, so that builds can run meanwhile; while it is locked, the spool grows.
"""

import contextlib
import ctypes
import dataclasses
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pipeline.errors import SetupError
from pipeline.ingest.landing.landing import IngestResult
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.ingest.otlp.limits import USUAL, Limits
from pipeline.ingest.otlp.server import OtlpServer
from pipeline.ingest.otlp.spool import Spool
from pipeline.ingest.otlp.tls import tls_context
from pipeline.ingest.otlp.tokens import Tokens
from pipeline.system.hosts import is_this_machine

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

DEFAULT_PORT = 4318
SECONDS_BETWEEN_LANDINGS = 5.0
MOST_SPOOLED = 4 << 30  # bytes from which senders are told to wait
SHORTEST_TOKEN = 16
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # of malloc.h


def listen(
    connect: Callable[[], "Engine"],
    address: str,
    spool: Path,
    *,
    token: str | None = None,
    teams: Path | None = None,
    tls: tuple[Path, Path] | None = None,
    anywhere: bool = False,
    include: Iterable[str] = (),
    pseudonyms: "Pseudonyms | None" = None,
    say: Callable[[str], None],
) -> IngestResult:
    """Receive until SIGINT or SIGTERM, then land what is spooled.

    Args:
        connect: opens the database; called for each landing.
        address: `HOST:PORT`; the port is 4318 if left out.
        spool: a folder of our own for what has not landed yet.
        token: what senders must show as a bearer token.
        teams: a file of tokens, one of which they may show instead.
        tls: files of a certificate and its key.
        anywhere: allow an address that other machines can reach; needs a token.
        include: names of content attributes to land all the same.
        pseudonyms: what lands instead of people; the spool has what came as it came.
        say: told what happens, in sentences.

    Returns:
        all landings together.

    Raises:
        SetupError: the address is not understood, not allowed or taken, or the spool, the tokens
            or the certificate cannot be used.
    """
    _give_back_memory()
    stopped = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with Receiver(
            connect,
            address,
            spool,
            token=token,
            teams=teams,
            tls=tls,
            anywhere=anywhere,
            include=include,
            pseudonyms=pseudonyms,
            say=say,
        ) as receiver:
            stopped.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return receiver.result


class Receiver:
    """A running receiver; leaving it lands what is spooled. Arguments as for `listen`.

    Attributes:
        url: where it listens.
        result: all landings so far together.
    """

    def __init__(
        self,
        connect: Callable[[], "Engine"],
        address: str,
        spool: Path,
        *,
        token: str | None = None,
        teams: Path | None = None,
        tls: tuple[Path, Path] | None = None,
        anywhere: bool = False,
        include: Iterable[str] = (),
        pseudonyms: "Pseudonyms | None" = None,
        say: Callable[[str], None],
        interval: float = SECONDS_BETWEEN_LANDINGS,
        limits: Limits = USUAL,
    ) -> None:
        host, port = parse_address(address)
        check_exposure(host, token, anywhere, teams)
        tokens = Tokens(teams, token)
        context = tls_context(*tls) if tls else None
        self.result = IngestResult("otlp", 0, 0, 0, 0)
        self._connect = connect
        self._include = tuple(include)
        self._pseudonyms = pseudonyms
        self._say = say
        self._interval = interval
        self._last_problem = ""
        self._stopped = threading.Event()
        self._spool = Spool(spool)
        try:
            self._server = OtlpServer(
                (host, port),
                store=self._spool.append,
                has_room=self._has_room,
                gauges=self._gauges,
                tokens=tokens,
                tls=context,
                limits=limits,
            )
        except OSError as error:
            self._spool.close()
            raise SetupError(
                f"Cannot listen on {address}: {error.strerror or error}. Choose another port,"
                f" such as --listen {host}:{port + 1}."
            ) from error
        shown = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if tls else 'http'}://{shown}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Start to listen."""
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.1,), name="otlp-listener"),
            threading.Thread(target=self._land_now_and_then, name="otlp-lander"),
        ]
        for thread in self._threads:
            thread.start()
        self._say(
            f"Listening on {self.url}. Point your agents at it:"
            f" OTEL_EXPORTER_OTLP_ENDPOINT={self.url} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf."
        )
        return self

    def __exit__(self, *exception: object) -> None:
        """Finish what is under way, and land it."""
        self._server.finish_requests()
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._server.server_close()
        self._land()
        left = self._spool.size()
        self._spool.close()
        if left:
            self._say(
                f"{left} bytes are not in the database yet. They are kept in"
                f" {self._spool.folder}: listen again, or ingest that folder."
            )

    def _has_room(self) -> bool:
        return self._spool.size() < MOST_SPOOLED

    def _gauges(self) -> dict[str, float]:
        return {"spool_bytes": self._spool.size(), "landing_lag_seconds": self._spool.age()}

    def _land_now_and_then(self) -> None:
        while not self._stopped.is_set():
            self._land()
            self._stopped.wait(self._interval)

    def _land(self) -> None:
        """Land the complete files, and remove them; keep them if the database cannot be had."""
        files = self._spool.complete()
        if not files:
            return
        try:
            with self._connect() as engine:
                result = ingest_otlp(
                    engine, files, include=self._include, remember=False, pseudonyms=self._pseudonyms
                )
        except Exception as error:  # whatever it is, go on receiving and try again
            if str(error) != self._last_problem:
                self._say(f"Not landed yet, kept in {self._spool.folder}: {error}")
            self._last_problem = str(error)
            self._server.counters.add("failed_landings_total")
            return
        self._last_problem = ""
        self._spool.remove(files)
        self.result = together(self.result, result)
        self._server.counters.add("landed_records_total", result.landed)
        self._say(
            f"{result.rows_in} record{'' if result.rows_in == 1 else 's'} in: {result.landed} landed,"
            f" {result.duplicates} duplicates, {result.quarantined} put aside."
        )


def _give_back_memory() -> None:
    """Have the C library give large bodies back to the system; else each thread keeps what it has had."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(M_MMAP_THRESHOLD, 1 << 20)
            mallopt(M_ARENA_MAX, 2)


def together(one: IngestResult, other: IngestResult) -> IngestResult:
    """Two results as one."""
    return dataclasses.replace(
        one,
        rows_in=one.rows_in + other.rows_in,
        landed=one.landed + other.landed,
        duplicates=one.duplicates + other.duplicates,
        quarantined=one.quarantined + other.quarantined,
        warnings=tuple(dict.fromkeys(one.warnings + other.warnings)),
        landed_by_table=dict(Counter(one.landed_by_table) + Counter(other.landed_by_table)),
        empty=one.empty + other.empty,
        dropped=tuple(sorted({*one.dropped, *other.dropped})),
    )


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `HOST`, `:PORT` or `[IPv6]:PORT`.

    >>> parse_address("127.0.0.1:4318")
    ('127.0.0.1', 4318)
    >>> parse_address("[::1]")
    ('::1', 4318)
    """
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = address.partition(":")
    if port and not (port.isdecimal() and int(port) < 1 << 16):
        raise SetupError(
            f"The address {address!r} is not understood. Write it as HOST:PORT, such as"
            f" 127.0.0.1:{DEFAULT_PORT}, and IPv6 as [::1]:{DEFAULT_PORT}."
        )
    return host or "127.0.0.1", int(port or DEFAULT_PORT)


def check_exposure(host: str, token: str | None, anywhere: bool, teams: Path | None = None) -> None:
    """Refuse to be reached from other machines by mistake, or without a token.

    Raises:
        SetupError: the address is not this machine's own, or the token is too weak.
    """
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise SetupError(f"The token must have {SHORTEST_TOKEN} characters or more.")
    if is_this_machine(host) or (anywhere and (token or teams)):
        return
    missing = "--tokens" if anywhere else "--listen-anywhere and --tokens"
    raise SetupError(
        f"Other machines can reach {host}, and could write to your database: that needs {missing}"
        " (`aa-pipeline listener-token -h`)."
        f" Use 127.0.0.1:{DEFAULT_PORT} to receive from this machine only."
    )
