"""Budgets and identities that match nothing, which is mostly a slip of the pen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipeline.engines.base import Engine, Kind
from pipeline.errors import did_you_mean
from pipeline.system.pseudonyms import PREFIX

MOST = 5  # that are named
MOST_COMPARED = 50  # names of identities that are compared with everybody's
SCOPES = ("all", "developer", "agent")
UNKNOWN = "unknown"

BUDGETS, IDENTITIES = ("staging", "budgets"), ("staging", "identities")
DEVELOPERS, AGENTS, KNOWN_AGENTS = ("mart", "dim_developers"), ("mart", "dim_agents"), ("staging", "agents")
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
    needed = {BUDGETS, IDENTITIES, DEVELOPERS, AGENTS, KNOWN_AGENTS, *ADDRESSES}
    if not needed <= kinds.keys():
        return []
    developers = _values(engine, DEVELOPERS, "developer_id")
    return [*_budgets(engine, developers), *_identities(engine, developers)]


def _budgets(engine: Engine, developers: set[str]) -> Iterator[str]:
    scopes = _values(engine, BUDGETS, "scope")
    if not scopes:
        return
    agents = _values(engine, AGENTS, "agent_type") | _values(engine, KNOWN_AGENTS, "agent_type")
    sentences = []
    for scope in sorted(scopes - {"all"}):
        kind, _, name = scope.partition(":")
        if kind == "developer" and name not in developers:
            # No two pseudonyms are more alike than others.
            meant = "" if name.startswith(PREFIX) else did_you_mean(name, developers)
            why = f"no record is of {name}.{meant}"
        elif kind == "agent" and name not in agents:
            why = f"{name} is no agent.{did_you_mean(name, agents)}"
        elif kind not in SCOPES[1:]:
            why = f"a scope is all, developer:ID or agent:TYPE.{did_you_mean(kind, SCOPES)}"
        else:
            continue
        sentences.append(f"The budget {scope} limits nothing: {why}")
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
    return {value for (value,) in engine.fetch(f"SELECT DISTINCT {column} FROM {engine.name(*table)}")}


def _addresses_among(engine: Engine, names: Sequence[str]) -> set[str]:
    marks = ", ".join("?" * len(names))
    queries = [
        f"SELECT {column} FROM {engine.name(*table)} WHERE {column} IN ({marks})"
        for table, column in ADDRESSES.items()
    ]
    return {name for (name,) in engine.fetch(" UNION DISTINCT ".join(queries), [*names] * len(queries))}
