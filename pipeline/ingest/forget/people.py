"""Under which names a person is known in a database.

A name that stands beside one person alone, in a record or in a session, is theirs: an account, an install, a
second address. One that stands beside several, such as a shared machine's, is nobody's. What the list of
identities says is true in any case.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.engines import raw_pages
from pipeline.engines.base import Engine
from pipeline.engines.forgotten import HOME, HOST, ID, NAME, NOREPLY, SESSION, Name
from pipeline.errors import SetupError, did_you_mean
from pipeline.ingest.forget.commits import COLUMNS, Commits
from pipeline.ingest.forget.marks import own_marks
from pipeline.ingest.forget.records import JSON, MACHINES, document, names_in, session_in
from pipeline.ingest.forget.texts import full_name, home_folders

TABLES = (
    *("otel_logs", "otel_metrics", "otel_spans", "git_commits", "git_survival", "copilot_metrics"),
    *("copilot_seats", "billing", "pull_requests"),
)
PEOPLE = ("developer_id", "author_email", *COLUMNS, *JSON[:2])  # columns that tell who somebody is

# The roles that a name may have on machines that many use.
ANYBODY = {
    "root",
    "runner",
    "ubuntu",
    "vscode",
    "node",
    "user",
    "users",
    "shared",
    "public",
    "app",
    "default",
}


def records(
    engine: Engine, table: str, columns: Collection[str]
) -> Iterator[list[tuple[str | None, dict[str, Any]]]]:
    """The rows of a raw table in pages, each with its place in the table; None for the rows of a view."""
    name = engine.name("raw", table)
    place = engine.place("stored") if engine.kinds()["raw", table] == "table" else "NULL"
    selected = ", ".join([place, *map(engine.quote, columns)])
    for condition, limits in raw_pages.pages(engine, table):
        rows = engine.fetch(f"SELECT {selected} FROM {name} AS stored WHERE {condition}", limits)
        yield [(at, dict(zip(columns, values, strict=True))) for at, *values in rows]


class People:
    """What a database tells of people.

    Args:
        engine: an open database.
        identities: rows of the list of identities: alias, developer, full name, address.
    """

    def __init__(self, engine: Engine, identities: Iterable[Sequence[str | None]]) -> None:
        self.known: set[str] = set()
        self.groups: list[tuple[set[str], str | None]] = []
        self.beside: dict[str, set[str]] = defaultdict(set)  # a name → the better ones that it stands beside
        self.sessions: dict[str, set[str]] = defaultdict(set)
        self.machines: dict[Name, set[str]] = defaultdict(set)
        self._unnamed: dict[str, set[Name]] = defaultdict(
            set
        )  # machines in records of a session without a name
        self.called: dict[str, set[str]] = defaultdict(set)  # a full name → whose it is
        for alias, developer, name, email in identities:
            ids = {text.strip().lower() for text in (alias, developer, email) if text}
            self.groups.append((ids, full_name(name)))
            self.known |= ids
        self._commits = Commits(own_marks(engine))
        shapes = engine.shapes("raw")
        for table in TABLES:
            columns = [name for name in PEOPLE if name in shapes.get(table, {})]
            if table in shapes:
                for page in records(engine, table, columns):
                    for _, record in page:
                        self._take(record)
        for session, authors in self._commits.authors().items():
            self._compare_with_authors(session, authors)
        for names in self.sessions.values():
            self._compare(names)
        for session, machines in self._unnamed.items():
            for machine in machines:
                self.machines[machine] |= self.sessions.get(session, set())

    def _take(self, record: Mapping[str, Any]) -> None:
        attributes, resource = (document(record.get(name)) for name in JSON[:2])
        names, session = names_in(record, attributes, resource), session_in(attributes)
        if session:
            self._commits.result(attributes, session)
        if record.get("commit_hash"):
            self._commits.commit(record)
        if not names:
            if session:
                self._unnamed[session] |= _machines(record, attributes, resource)
            return
        best = names[0]
        self.known.update(names)
        for name in names[1:]:
            self.beside[name].add(best)
        if session:
            self.sessions[session].add(best)
        for machine in _machines(record, attributes, resource):
            self.machines[machine].add(best)
        if called := full_name(record.get("author_name")):
            self.called[called].add(best)

    def _compare_with_authors(self, session: str, authors: set[str]) -> None:
        """A session that names no address itself is that of the one author of its commits."""
        names = self.sessions.get(session, set())
        is_told = any("@" in name or any(name in ids for ids, _ in self.groups) for name in names)
        if names and not is_told and len(authors) == 1:
            self.sessions[session] |= authors

    def _compare(self, names: set[str]) -> None:
        """A session names one address: whatever else it names is of that person."""
        addresses = [name for name in names if "@" in name]
        if len(addresses) == 1:
            for name in names - {*addresses}:
                self.beside[name].add(addresses[0])
        elif len(names) > 1:
            for name in names - {*addresses}:
                self.beside[name] |= names - {name}

    def ids(self, person: str) -> set[str]:
        """Everything that names the developer whom one of their names stands for.

        Raises:
            SetupError: nobody is called so, or several people are.
        """
        start = {person.strip().lower()}
        name = full_name(person)
        if not start & self.known and name:
            start = self.called.get(name, set()) | {
                one for ids, of in self.groups if of == name for one in ids
            }
        if not start & self.known:
            known = self.known | self.called.keys()
            raise SetupError(
                f"Nobody is called {person}.{did_you_mean(person.strip().lower(), known)} Give a"
                " developer_id, an address, an account or a full name: `aa-pipeline show dim_developers` has"
                " them."
            )
        found = [self._closure({one}) for one in sorted(start & self.known)]
        if any(not ids & found[0] for ids in found):
            several = ", ".join(sorted(start & self.known))
            raise SetupError(f"{person} is the name of several people: {several}. Give one of these.")
        return set().union(*found)

    def _closure(self, ids: set[str]) -> set[str]:
        while True:
            more = ids | {name for name, better in self.beside.items() if better <= ids}
            for name in ids:
                if len(self.beside.get(name, ())) == 1:
                    more |= self.beside[name]
                if login := NOREPLY.fullmatch(name):
                    more.add(login[1])
            more |= {name for name in self.known if (login := NOREPLY.fullmatch(name)) and login[1] in ids}
            for group, _ in self.groups:
                if group & more:
                    more |= group
            if more == ids:
                return ids
            ids = more

    def names(self, ids: set[str]) -> set[Name]:
        """All that a person is known by, once their ids are: full names, machines and sessions, too."""
        names = {(ID, name) for name in ids}
        names |= {(NAME, name) for name, whose in self.called.items() if whose <= ids}
        names |= {(NAME, name) for group, name in self.groups if name and group <= ids}
        names |= {
            machine for machine, whose in self.machines.items() if whose <= ids and machine[1] not in ANYBODY
        }
        names |= {(SESSION, session) for session, whose in self.sessions.items() if whose <= ids}
        return names

    def namesakes(self, ids: set[str]) -> dict[str, set[str]]:
        """Full names that others have as well, and the ids of those."""
        return {name: whose - ids for name, whose in self.called.items() if whose & ids and whose - ids}


def _machines(record: Mapping[str, Any], *places: dict[str, Any]) -> set[Name]:
    """Machines and home folders that a record tells of."""
    hosts = [place.get(name) for place in places for name in MACHINES]
    users = [user for name in JSON[:2] for user in home_folders(str(record.get(name) or ""))]
    return {(HOST, host.lower()) for host in hosts if isinstance(host, str) and host} | {
        (HOME, user) for user in users
    }
