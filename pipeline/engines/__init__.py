"""The engines, one module each, chosen by the target's URL.

Only the module of the chosen engine is imported, and with it only that engine's driver.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import TargetError, did_you_mean

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

# URL scheme → module of this package. Each offers `open_engine` with the arguments of `connect`.
SCHEMES = {
    "duckdb": "duckdb",
    "postgres": "postgres",
    "postgresql": "postgres",
    "pyspark": "spark",
    "spark": "spark",
    "bigquery": "bigquery",
}
# Module → the name that Ibis gives the engine's SQL.
DIALECTS = {
    "duckdb": "duckdb",
    "postgres": "postgres",
    "spark": "pyspark",
    "bigquery": "bigquery",
}


def connect(
    url: str,
    *,
    read_only: bool = False,
    wait: float = 5.0,
    memory_limit: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> "Engine":
    """Open the database at an Ibis connection URL, a path ending in `.duckdb`, or `:memory:`.

    Args:
        url: where the database is.
        read_only: refuse to write; a missing file is then an error.
        wait: seconds to wait for a file that another process holds.
        memory_limit: most memory that the engine may use, such as "4GB", where it can be told.
        options: what the target's configuration says to its engine.

    Raises:
        ConfigError: the engine has no such option.
        TargetError: the URL is not understood, the driver is missing, or nothing answers.
        DatabaseLockedError: another process holds the database.
    """
    module = module_of(url)
    try:
        engine = import_module(f"pipeline.engines.{module}")
    except ImportError as error:  # also a driver that lacks its library
        missing = f"the Python package {error.name}" if error.name else f"a driver that works ({error})"
        raise TargetError(
            f"The target needs {' '.join(missing.split())}, which is not installed."
            f" Install it with: pip install 'aa-pipeline[{module}]'."
        ) from error
    opened: Engine = engine.open_engine(
        url, read_only=read_only, wait=wait, memory_limit=memory_limit, options=options
    )
    return opened


def dialect_of(url: str) -> str:
    """The SQL dialect of a target, found without opening it."""
    return DIALECTS[module_of(url)]


def exists(url: str) -> bool:
    """False if the URL is that of a database file that is not there."""
    path = url.removeprefix("duckdb://")
    if module_of(url) != "duckdb" or path in ("", ":memory:"):
        return True
    try:
        return Path(path).exists()
    except OSError:  # whoever opens it is told why that cannot be
        return True


def stamp(url: str) -> object:
    """What changes whenever somebody has written into a database file; None of what is no file.

    It is found without opening the database.
    """
    path = url.removeprefix("duckdb://")
    if module_of(url) != "duckdb" or path in ("", ":memory:"):
        return None
    return _stamp(Path(path)), _stamp(Path(f"{path}.wal"))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns


def module_of(url: str) -> str:
    """The module of this package that speaks to `url`."""
    scheme, separator, _ = url.partition("://")
    if not separator and (url == ":memory:" or url.endswith(".duckdb")):
        return "duckdb"
    if not separator or scheme not in SCHEMES:
        # The rest of a URL may hold a password: it is not shown.
        shown = f"{scheme}://" if separator else url
        hint = did_you_mean(scheme, SCHEMES) if separator else ""
        raise TargetError(
            f"The target {shown!r} is not understood.{hint} Give a path that ends in .duckdb or"
            " a URL that starts with duckdb://, postgres://, pyspark:// or bigquery://."
        )
    return SCHEMES[scheme]
