"""Budgets and identities that match nothing, which is mostly a slip of the pen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipeline.engines.base import Engine, Kind
from pipeline.errors import did_you_mean
from pipeline.system.pseudonyms import PREFIX

MOST = 5  # that are named
MOST_COMPARED = 50  # names of identities that are compared with everybody's
UNKNOWN = "unknown"

BUDGETS, IDENTITIES = ("staging", "budgets"), ("staging", "identities")
DEVELOPERS, AGENTS, KNOWN_AGENTS = ("mart", "dim_developers"), ("mart", "dim_agents"), ("staging", "agents")
TEAMS, MEMBERS, PROJECTS = (
    ("mart", "dim_teams"),
    ("staging", "stg_team_members"),
    ("mart", "fct_costs_by_project"),
)
# Where addresses stand as they were before the identity map.
ADDRESSES = {
    ("staging", "stg_git_commits"): "author_email",
    ("staging", "stg_log_events"): "developer_email",
    ("staging", "stg_metric_activity"): "developer_email",
}


def unmatched(engine: Engine, kinds: Mapping[tuple[str, str], Kind]) -> list[str]:
    """A sentence for each, with what may have been meant.

    Args:
        engine: an open engine, whose models have been built.
        kinds: what it holds.
    """
    needed = {BUDGETS, IDENTITIES, DEVELOPERS, AGENTS, KNOWN_AGENTS, TEAMS, PROJECTS, MEMBERS, *ADDRESSES}
    if not needed <= kinds.keys():
        return []
    developers = _values(engine, DEVELOPERS, "developer_id")
    return [*_budgets(engine, developers), *_identities(engine, developers)]


def _budgets(engine: Engine, developers: set[str]) -> Iterator[str]:
    scopes = _values(engine, BUDGETS, "scope")
    if not scopes:
        return
    known = {
        "developer": ("no record is of {}", developers),
        "agent": (
            "{} is no agent",
            _values(engine, AGENTS, "agent_type") | _values(engine, KNOWN_AGENTS, "agent_type"),
        ),
        "team": (
            "seeds/teams.csv has no team {}",
            _values(engine, TEAMS, "team") | _values(engine, TEAMS, "parent_team"),
        ),
        "project": ("no usage is of {}", _values(engine, PROJECTS, "project_id")),
        "cost_centre": (
            "no team of seeds/teams.csv is of {}",
            _values(engine, MEMBERS, "cost_centre") | {UNKNOWN},
        ),
    }
    sentences = []
    for scope in sorted(scopes - {"all"}):
        kind, _, name = scope.partition(":")
        why, there = known[kind]
        if name not in there:
            # No two pseudonyms are more alike than others.
            meant = "" if PREFIX in name else did_you_mean(name, sorted(there))
            sentences.append(f"The budget {scope} limits nothing: {why.format(name)}.{meant}")
    yield from sentences[:MOST]
    if len(sentences) > MOST:
        yield f"{len(sentences) - MOST:,} more budgets limit nothing."


def _identities(engine: Engine, developers: set[str]) -> Iterator[str]:
    """Of names that nobody has, those that are nearly somebody's whom the map does not name.

    A map may name people who have done nothing yet.
    """
    found = engine.fetch(f"SELECT lower(alias), lower(developer_id) FROM {engine.name(*IDENTITIES)}")
    pairs = [pair for pair in found if not pair[0].startswith(PREFIX)]
    named = {name for pair in pairs for name in pair}
    others = developers - named - {UNKNOWN}
    # An account that belongs to somebody in the tables may stand in any record.
    doubtful = {name for pair in pairs for name in pair if "@" in name or pair[1] not in developers}
    close = {name: _close(name, others) for name in sorted(doubtful)[:MOST_COMPARED]}
    candidates = {name: meant for name, meant in close.items() if meant}
    if candidates:
        in_records = _addresses_among(engine, [*candidates])
        missing = [name for name in candidates if name not in in_records]
        for name in missing[:MOST]:
            yield f"The identity map names {name}, whom no record names. Did you mean {candidates[name]}?"


def _close(name: str, others: Iterable[str]) -> str | None:
    """The close match of a name: that of an account, or at one domain, or nearly the same address."""
    from difflib import get_close_matches

    own, _, domain = name.partition("@")
    beside = {other.partition("@")[0]: other for other in others if other.partition("@")[2] == domain}
    if found := get_close_matches(own, beside, n=1, cutoff=0.75):
        return beside[found[0]]
    elsewhere = [other for other in others if "@" in other and other not in beside.values()]
    return next(iter(get_close_matches(name, elsewhere, n=1, cutoff=0.9)), None)


def _values(engine: Engine, table: tuple[str, str], column: str) -> set[str]:
    found = engine.fetch(f"SELECT DISTINCT {column} FROM {engine.name(*table)}")
    return {value for (value,) in found if value is not None}


def _addresses_among(engine: Engine, names: Sequence[str]) -> set[str]:
    marks = ", ".join("?" * len(names))
    queries = [
        f"SELECT {column} FROM {engine.name(*table)} WHERE {column} IN ({marks})"
        for table, column in ADDRESSES.items()
    ]
    return {name for (name,) in engine.fetch(" UNION DISTINCT ".join(queries), [*names] * len(queries))}
