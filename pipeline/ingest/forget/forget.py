"""Forgetting one person: tombstones, raw tables and run metadata in one transaction."""

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.engines import meta
from pipeline.engines.forgotten import ID, NAME, SESSION, Forgotten, Name, StandIn
from pipeline.errors import QueryError, SetupError
from pipeline.ingest.forget.people import People
from pipeline.ingest.forget.rewrite import Key, Rewrite
from pipeline.plan.check_results import mask
from pipeline.privacy import database
from pipeline.privacy.pseudonyms import Pseudonyms
from pipeline.system.pseudonyms import privacy_key

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

Identity = Sequence[str | None]

NOBODYS_DOMAIN = "forgotten.invalid"  # RFC 2606: nobody can have it


@dataclass(frozen=True)
class Forgetting:
    """What is forgotten of whom.

    Attributes:
        stand_in: who has what is left.
        ids: what named the person as a developer; empty where it is not known any more.
        rows: how many rows of each raw table and table of run metadata change, or have changed.
        published: how many rows of each published table are the person's.
        namesakes: full names that others have as well, and who these are.
    """

    stand_in: StandIn
    ids: frozenset[str]
    rows: Mapping[Key, int]
    published: Mapping[Key, int]
    namesakes: Mapping[str, set[str]]


def forget(
    engine: "Engine",
    person: str,
    *,
    drop: bool = False,
    dry_run: bool = False,
    identities: Iterable[Identity] = (),
    internal_domains: Iterable[str] = (),
    pseudonyms: Pseudonyms | None = None,
    on_table: Callable[[str], None] = lambda table: None,
) -> Forgetting:
    """Let a person go from raw tables and run metadata, and keep them from coming back.

    Somebody who was forgotten before is looked for again, and may be dropped now.

    Args:
        engine: an open database that keeps its promises in transactions.
        person: any of their names.
        drop: leave nothing of them; otherwise sums stay, of somebody who has no name.
        dry_run: only count.
        identities: rows of the list of identities, as `People` takes them.
        internal_domains: domains of which a stand-in may be, so that who was internal stays so.
        pseudonyms: what the database has instead of people; None if it has them.
        on_table: told which table is next.

    Raises:
        SetupError: nobody has that name, or several people do; or the database has pseudonyms of another key,
            or some where none are given.
        ConfigError: there is no key to make tombstones with, or another one than that of before.
        RunError: the person stands in a view of somebody else's.
    """
    key = privacy_key()
    if not dry_run:
        meta.ensure(engine)
    on_table("names")
    database.refuse_other_key(engine, pseudonyms)
    with engine.transaction():
        if pseudonyms and not dry_run:
            database.hide(engine, pseudonyms)
        before = Forgotten.of(engine) or Forgotten(key)
        ids, names, namesakes = _looked_up(engine, person, before, identities, pseudonyms)
        stand_in = before.who(ID, person) or _stand_in(ids, before, internal_domains)
        stand_in = StandIn(stand_in.id, stand_in.is_dropped or drop)
        if stand_in.is_dropped:
            names.add((ID, stand_in.id))  # what is left of them goes, too
        names |= _pseudonyms_of(names, pseudonyms or Pseudonyms(key, internal_domains))
        forgotten = before.with_names(names, stand_in)
        published = _published(engine, ids | {stand_in.id} if drop else ids)
        if not dry_run:
            forgotten.save(engine, dt.datetime.now(dt.UTC))
        masked = {str(mask("developer_id", name)) for name in ids if "@" in name}
        rows = Rewrite(engine, forgotten, masked, on_table).go(dry_run=dry_run)
    return Forgetting(stand_in, frozenset(ids), rows, published, namesakes)


def _looked_up(
    engine: "Engine",
    person: str,
    before: Forgotten,
    identities: Iterable[Identity],
    pseudonyms: Pseudonyms | None,
) -> tuple[set[str], set[Name], Mapping[str, set[str]]]:
    if pseudonyms:
        hidden = pseudonyms.person
        identities = [
            (*(name and hidden(name) for name in (alias, developer)), full, email and hidden(email))
            for alias, developer, full, email in identities
        ]
    people = People(engine, [*identities, *_aliases(engine)])
    if pseudonyms and (pseudonym := pseudonyms.person(person).lower()) in people.known:
        person = pseudonym
    try:
        ids = people.ids(person)
    except SetupError:
        if before.who(ID, person):
            return set(), {(ID, person)}, {}
        raise
    return ids, people.names(ids), people.namesakes(ids)


def _pseudonyms_of(names: Iterable[Name], pseudonyms: Pseudonyms) -> set[Name]:
    """Names as they land once `[privacy] pseudonyms` is on."""
    people = {(kind, pseudonyms.person(name)) for kind, name in names if kind in (ID, NAME)}
    return people | {(kind, pseudonyms.identifier(name)) for kind, name in names if kind == SESSION}


def _aliases(engine: "Engine") -> list[Identity]:
    """What the last build found out."""
    if not {"alias", "developer_id"} <= engine.shapes(meta.SCHEMA).get("identity_aliases", {}).keys():
        return []
    rows = engine.fetch(f"SELECT alias, developer_id FROM {engine.name(meta.SCHEMA, 'identity_aliases')}")
    return [(alias, developer, None, None) for alias, developer in rows]


def _stand_in(ids: set[str], before: Forgotten, internal_domains: Iterable[str]) -> StandIn:
    """Somebody of no name, as one person where one was: days, sessions and commits are told apart by people.

    Who has an address gets one, since models take an address for a person and other names for their accounts.
    """
    if len(again := {found for name in ids if (found := before.who(ID, name))}) == 1:
        return again.pop()
    label = f"forgotten-{secrets.token_hex(4)}"
    domains = {name.rpartition("@")[2] for name in ids if "@" in name}
    if not domains:
        return StandIn(label, is_dropped=False)
    internal = sorted(domains & {name.lower() for name in internal_domains})
    return StandIn(f"{label}@{internal[0] if internal else NOBODYS_DOMAIN}", is_dropped=False)


def _published(engine: "Engine", ids: set[str]) -> dict[Key, int]:
    """How many rows of each built table are the person's, by developer."""
    found = {}
    marks = ", ".join("?" * len(ids)) or "NULL"
    schemas = {schema for schema, _ in engine.kinds()} - {"raw", "information_schema", "pg_catalog"}
    shapes = {(schema, table): shape for schema in schemas for table, shape in engine.shapes(schema).items()}
    for (schema, table), shape in sorted(shapes.items()):
        if "developer_id" not in shape:
            continue
        sql = f"SELECT count(*) FROM {engine.name(schema, table)} WHERE lower(developer_id) IN ({marks})"
        try:
            ((rows,),) = engine.fetch(sql, sorted(ids))
        except QueryError:  # somebody's view that no longer works
            continue
        if rows:
            found[schema, table] = rows
    return found
