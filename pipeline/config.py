"""The configuration file, `aa-pipeline.toml`, and how a target is found.

No file is fine: every key has a default. Secrets never stand in the file; a URL names them as
`${VARIABLE}` and the environment holds them. No message and no `repr` shows a password.
"""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

from pipeline.errors import ConfigError, TargetError, did_you_mean

CONFIG_FILE = "aa-pipeline.toml"
TARGET_VARIABLE = "AA_PIPELINE_TARGET"
DEFAULT_URL = "duckdb://agent_analytics.duckdb"

SOURCES = (
    *("otel_metrics", "otel_logs", "otel_spans", "git_commits", "git_survival", "copilot_metrics"),
    *("copilot_seats", "billing", "pull_requests", "pull_request_commits"),
)
# Run metadata that grows.
KEPT_METADATA = ("quarantine", "ingests", "runs", "run_tables", "audit_results", "audit_failures")
# error or warn, and how many rows may fail: a count or a share.
SEVERITY = re.compile(r"(error|warn)|((error|warn) )?\d{1,9}(\.\d{1,9})?%?")

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):(?P<secret>[^\s'\"]*)(?=@)")
_SECRET_OPTION = re.compile(
    r"(?i)(?<=[?&;])([\w-]*(?:password|passwd|secret|token|key|credential)[\w-]*)=[^&;\s'\"]*"
)


def redact(text: str) -> str:
    """A connection URL, or a message that holds one, without its secrets.

    >>> redact("postgres://ada:s3cret@db.example.com/prod?sslmode=require")
    'postgres://ada:***@db.example.com/prod?sslmode=require'
    """
    return _SECRET_OPTION.sub(r"\1=***", _PASSWORD.sub(r"\1:***", text))


@dataclass(frozen=True)
class Target:
    """A database to work on.

    Attributes:
        name: in the configuration; else the URL.
        url: where it is.
        options: of its engine.
        severity: like `Config.severity`, for this database only.
    """

    name: str
    url: str
    options: Mapping[str, Any] = field(default_factory=dict)
    severity: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Target({self.name!r}, {redact(self.url)!r})"

    def __str__(self) -> str:
        """The target as people may see it."""
        url = redact(self.url)
        return url if self.name == self.url else f"{self.name} ({url})"


@dataclass(frozen=True)
class Freshness:
    """How old the newest row of a source may be."""

    warn_after: timedelta | None = None
    error_after: timedelta | None = None


@dataclass(frozen=True)
class Privacy:
    """What is hidden of people.

    Attributes:
        pseudonyms: whether developer ids, names and e-mails are replaced by a keyed hash, and commit
            messages and paths are left out; see `pipeline.system.pseudonyms`.
        min_group: the least number of people behind any figure that a page or an export shows; 1 hides none.
    """

    pseudonyms: bool = False
    min_group: int = 1


@dataclass(frozen=True)
class Config:
    """What `aa-pipeline.toml` says, checked.

    Attributes:
        targets: databases by name; `${VARIABLE}` is not yet replaced.
        default_target: name or URL used where nothing else is asked for.
        timezone: in which days begin, an IANA name.
        internal_domains: e-mail domains of one's own people, lower case.
        window_days: how many days of commits and Copilot reports are kept.
        time_window_seconds: how long after its session a commit still counts as assisted.
        project_attributes: attributes of telemetry that name the project, the best first; before those that
            OpenTelemetry has for it.
        project_roots: folders that hold a folder for each project, for sessions outside of repositories.
        freshness: by raw table, such as `otel_logs`.
        severity: `table` or `table.audit` → error or warn, and how many rows may fail;
            overrides the contract's.
        memory_limit: for the engine, such as `4GB`.
        retention: by raw table or table of run metadata, how many days of it `maintain` keeps.
        privacy: what is hidden of people.
        project_dir: the folder of the file; its `seeds/*.csv` belong to the project.
    """

    targets: Mapping[str, Target] = field(default_factory=dict)
    default_target: str | None = None
    timezone: str = "UTC"
    internal_domains: tuple[str, ...] = ()
    window_days: int = 90
    time_window_seconds: int = 300
    project_attributes: tuple[str, ...] = ()
    project_roots: tuple[str, ...] = ()
    freshness: Mapping[str, Freshness] = field(default_factory=dict)
    severity: Mapping[str, str] = field(default_factory=dict)
    memory_limit: str | None = None
    retention: Mapping[str, int] = field(default_factory=dict)
    privacy: Privacy = Privacy()
    project_dir: Path = Path()

    def target(self, option: str | None = None) -> Target:
        """The target to work on: `option`, else the environment's, else the default.

        Args:
            option: a name from the file, a connection URL, a path ending in `.duckdb`, `:memory:`.

        Raises:
            TargetError: no target has that name.
            ConfigError: its URL names an environment variable that is not set.
        """
        wanted = option or os.environ.get(TARGET_VARIABLE) or self.default_target or DEFAULT_URL
        if named := self.targets.get(wanted):
            return replace(named, url=_fill_in(named))
        if is_url(wanted):
            return Target(wanted, wanted)
        raise TargetError(
            f"There is no target {redact(wanted)}.{did_you_mean(wanted, self.targets)} "
            f"Known targets: {', '.join(self.targets) or 'none'}. Name one of {CONFIG_FILE}, or "
            "give a URL (duckdb://…, postgres://…) or a path that ends in .duckdb."
        )

    def model_settings(self) -> dict[str, Any]:
        """The settings that models may take, but for the instant of the run."""
        return {
            "timezone": self.timezone,
            "window_days": self.window_days,
            "time_window_seconds": self.time_window_seconds,
            "internal_domains": self.internal_domains,
            "project_attributes": self.project_attributes,
        }

    def figure_settings(self) -> dict[str, Any]:
        """What the figures of pages, metrics and digests depend on, beside the marts."""
        return {
            "timezone": self.timezone,
            "window_days": self.window_days,
            "min_group": self.privacy.min_group,
        }

    def check_settings(self) -> dict[str, Any]:
        """What of the configuration the checks of a plan depend on."""
        ages = {name: given.warn_after or given.error_after for name, given in self.freshness.items()}
        return {
            "severity": dict(sorted(self.severity.items())),
            "freshness": {name: age for name, age in sorted(ages.items()) if age},
        }

    def for_target(self, target: Target) -> "Config":
        """The configuration with what it says about one target."""
        return replace(self, severity={**self.severity, **target.severity})


def is_url(text: str) -> bool:
    """Whether a target is given by its place rather than by a name."""
    return "://" in text or text.endswith(".duckdb") or text == ":memory:"


def load_config(folder: Path) -> Config:
    """The configuration of a project folder; defaults where there is no file.

    Raises:
        ConfigError: the file cannot be read, or holds an unknown key or an impossible value.
    """
    file = folder / CONFIG_FILE
    try:
        text = file.read_bytes().decode()
    except FileNotFoundError:
        return Config(project_dir=folder)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8 text. Save it as UTF-8.") from None
    import tomllib

    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}.") from None

    _known_keys(values, _READERS, str(file))
    read = {key: _READERS[key](value, f"{file}: {key}") for key, value in values.items()}
    config = Config(**read, project_dir=folder)
    default = config.default_target
    if default is not None and default not in config.targets and not is_url(default):
        raise ConfigError(
            f"{file}: default_target is {default}, which is no target."
            f"{did_you_mean(default, config.targets)} "
            f"Known targets: {', '.join(config.targets) or 'none'}."
        )
    return config


def _fill_in(target: Target) -> str:
    """A target's URL with the environment's values; those before the `@` are escaped."""

    def value(match: re.Match[str]) -> str:
        variable = match[1]
        found = os.environ.get(variable)
        if not found:
            raise ConfigError(
                f"The target {target.name} needs the environment variable {variable}, "
                f"which is not set. Set it, or change {CONFIG_FILE}."
            )
        return quote(found, safe="") if match.start() < end_of_user else found

    end_of_user = target.url.rfind("@")
    return _VARIABLE.sub(value, target.url)


def _known_keys(values: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    for key in values:
        if key not in known:
            raise ConfigError(
                f"{where}: unknown key {key}.{did_you_mean(key, known)} The keys are {', '.join(known)}."
            )


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f'{where} must be a text, such as "x", not {value!r}.')
    return value


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a table of keys and values, not {value!r}.")
    return value


def _whole_number(least: int, most: int) -> Callable[[Any, str], int]:
    def read(value: Any, where: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ConfigError(f"{where} must be a whole number from {least} to {most}, not {value!r}.")
        return value

    return read


def _timezone(value: Any, where: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(_text(value, where)).key
    except (LookupError, ValueError, OSError):
        raise ConfigError(
            f'{where} is {value!r}, which is no time zone. Use an IANA name, such as "Europe/Berlin".'
        ) from None


def _domains(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ConfigError(f'{where} must be a list, such as ["example.com"], not {value!r}.')
    return tuple(_text(domain, where).strip().lower().removeprefix("@") for domain in value)


def _attributes(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ConfigError(f'{where} must be a list, such as ["repo", "team.project"], not {value!r}.')
    for name in value:
        if not _ATTRIBUTE.fullmatch(name):
            raise ConfigError(
                f"{where}: {name!r} is no name of an attribute. It has small letters and digits, with"
                " a dot, a dash or an underscore between them, such as team.project."
            )
    return tuple(dict.fromkeys(value))


def _folders(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(folder, str) for folder in value):
        raise ConfigError(f'{where} must be a list, such as ["~/work", "/srv/projects"], not {value!r}.')
    return tuple(dict.fromkeys(_folder(folder, where) for folder in value))


def _folder(folder: str, where: str) -> str:
    """A folder, maybe of another computer, with ~ filled in."""
    path = folder
    with suppress(RuntimeError):  # nobody of this computer: ~somebody
        path = str(Path(folder).expanduser())
    if not PurePosixPath(path).is_absolute() and not PureWindowsPath(path).is_absolute():
        raise ConfigError(f"{where}: {folder!r} is no whole path. Write it from the root on, or from ~.")
    return path


def _memory_limit(value: Any, where: str) -> str:
    if not re.fullmatch(r"(?i)\d+(\.\d+)?\s*([kmgt]i?b|%)", _text(value, where)):
        raise ConfigError(f'{where} must be a size, such as "4GB", not {value!r}.')
    return str(value)


def _targets(value: Any, where: str) -> dict[str, Target]:
    return {
        name: _one_target(name, target, f"{where}.{name}") for name, target in _table(value, where).items()
    }


def _one_target(name: str, value: Any, where: str) -> Target:
    """`name = "url"`, or a table with `url` and `options`."""
    entry = {"url": value} if isinstance(value, str) else _table(value, where)
    _known_keys(entry, {"url": str, "options": dict, "severity": dict}, where)
    url = _text(entry.get("url"), f"{where}.url")
    if not is_url(url) and not _VARIABLE.search(url):
        raise ConfigError(
            f"{where}: {redact(url)} is no connection URL. Write duckdb://…, postgres://…, "
            "bigquery://…, pyspark://… or a path that ends in .duckdb."
        )
    password = _PASSWORD.search(url)
    if password and _VARIABLE.sub("", password["secret"]):
        raise ConfigError(
            f"{where} holds a password. Put it into an environment variable and write "
            f"${{THE_VARIABLE}} in its place: {redact(url).replace('***', '${PASSWORD}')}"
        )
    options = _table(entry.get("options", {}), f"{where}.options")
    return Target(name, url, options, _severity(entry.get("severity", {}), f"{where}.severity"))


def _freshness(value: Any, where: str) -> dict[str, Freshness]:
    table = _table(value, where)
    _known_keys(table, dict.fromkeys(SOURCES), where)
    return {source: _one_freshness(entry, f"{where}.{source}") for source, entry in table.items()}


def _retention(value: Any, where: str) -> dict[str, int]:
    table = _table(value, where)
    _known_keys(table, dict.fromkeys((*SOURCES, *KEPT_METADATA)), where)
    return {name: _days(days, f"{where}.{name}") for name, days in table.items()}


def _privacy(value: Any, where: str) -> Privacy:
    """A file that speaks of privacy has groups of at least five people, if it names no other number."""
    entry = _table(value, where)
    _known_keys(entry, {"pseudonyms": bool, "min_group": int}, where)
    return Privacy(
        _yes_or_no(entry.get("pseudonyms", False), f"{where}.pseudonyms"),
        _whole_number(1, 1_000)(entry.get("min_group", 5), f"{where}.min_group"),
    )


def _yes_or_no(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{where} must be true or false, not {value!r}.")
    return value


def _one_freshness(value: Any, where: str) -> Freshness:
    entry = _table(value, where)
    _known_keys(entry, {"warn_after": str, "error_after": str}, where)
    return Freshness(**{key: _duration(text, f"{where}.{key}") for key, text in entry.items()})


def _duration(value: Any, where: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})\s*([smhdw])\w*", _text(value, where).strip().lower())
    if not match:
        raise ConfigError(f'{where} must be a duration, such as "36h" or "3 days", not {value!r}.')
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _severity(value: Any, where: str) -> dict[str, str]:
    """`table = "warn"` or `[severity.table] "audit" = "warn"`, flattened to `table.audit`."""
    severities: dict[str, str] = {}
    for name, entry in _table(value, where).items():
        if isinstance(entry, dict):
            nested = _severity(entry, f"{where}.{name}")
            severities |= {f"{name}.{audit}": severity for audit, severity in nested.items()}
        elif isinstance(entry, str) and SEVERITY.fullmatch(entry):
            severities[name] = entry
        else:
            raise ConfigError(
                f"{where}.{name} can be error or warn, with a number of rows that may fail"
                f' ("warn 10", "error 1%"), not {entry!r}.'
            )
    return severities


_days = _whole_number(1, 36_500)  # a century

_READERS: dict[str, Callable[[Any, str], Any]] = {
    "targets": _targets,
    "default_target": _text,
    "timezone": _timezone,
    "internal_domains": _domains,
    "window_days": _days,
    "time_window_seconds": _whole_number(0, 31_536_000),  # a year
    "project_attributes": _attributes,
    "project_roots": _folders,
    "freshness": _freshness,
    "severity": _severity,
    "memory_limit": _memory_limit,
    "retention": _retention,
    "privacy": _privacy,
}
