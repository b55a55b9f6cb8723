"""What the configuration says of checks, put into those of an unbound plan."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from pipeline.errors import ConfigError
from pipeline.plan.plan import Check, PlanTable

# How old the newest row of a source may be, in the check that an unbound plan has of each.
FRESHNESS = "{{freshness}}"
FRESHNESS_SECONDS = "{{freshness_seconds}}"

# The checks that proofs rest on, where a single failing row stops a build.
GROUNDS = ("unique", "not_null")
# A table that is not as planned is always an error, and old input never more than a warning.
AS_THEY_ARE = ("shape", "freshness")


def severities(tables: Iterable[PlanTable], configured: Mapping[str, str]) -> Iterator[PlanTable]:
    """Tables with the severities and tolerances of a configuration, those after which they are made first.

    A table whose keys or presence may now fail proves nothing of those that are made of it.

    Args:
        tables: of an unbound plan.
        configured: by table (`fct_git_commits`) or check (`fct_git_commits.not_null(author_name)`), the words
            `error` or `warn` and a tolerance (`"warn"`, `"error 1%"`, `"10"`).

    Raises:
        ConfigError: a severity is not understood.
    """
    named = {key.partition(".")[0] for key in configured}
    no_grounds: set[str] = set()
    for table in tables:
        checks = table.checks
        if table.name in named:
            checks = [_configured(check, table.name, configured) for check in checks]
            if _grounds(table.checks) - _grounds(checks):
                no_grounds.add(table.name)
        if no_grounds:
            checks = [
                replace(check, proven=None, assumes=[]) if no_grounds & {*check.assumes} else check
                for check in checks
            ]
        yield table if checks is table.checks else replace(table, checks=checks)


def freshness(source: PlanTable, most: timedelta | None) -> PlanTable:
    """A raw table with the check of its age that a configured limit asks for, if one does."""
    checks = []
    for check in source.checks:
        if check.kind != "freshness":
            checks.append(check)
        elif most:
            checks.append(
                replace(
                    check,
                    description=check.description.replace(FRESHNESS, str(most)),
                    sql=check.sql and check.sql.replace(FRESHNESS_SECONDS, str(int(most.total_seconds()))),
                )
            )
    return replace(source, checks=checks)


def _grounds(checks: Iterable[Check]) -> set[str]:
    return {
        check.name
        for check in checks
        if check.kind in GROUNDS and check.severity == "error" and check.tolerance is None
    }


def _configured(check: Check, table: str, configured: Mapping[str, str]) -> Check:
    if check.kind in AS_THEY_ARE:
        return check
    severity, tolerance = check.severity, check.tolerance
    for key in (table, f"{table}.{check.name}"):
        for word in configured.get(key, "").split():
            if word in ("error", "warn"):
                severity = word
            elif word.removesuffix("%").replace(".", "", 1).isdigit():
                tolerance = word
            else:
                raise ConfigError(
                    f"severity of {key}: {word} is not understood. "
                    'Write "error" or "warn", and if some rows may fail, how many: "warn 10", "1%".'
                )
    return replace(check, severity=severity, tolerance=tolerance)
