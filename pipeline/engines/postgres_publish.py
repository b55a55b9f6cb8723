"""Publishing on PostgreSQL: new rows in the tables that stand.

What a transaction makes anew has a name of its own until the end, and is read under it. Then the rows of the
standing table are deleted and the new ones inserted, by the names of the columns. Readers see the old rows
until the transaction is over and wait for nothing: unlike DROP and TRUNCATE, DELETE lets them read. What
people have tied to the table stays: views, grants, indexes, policies, publications, its owner.

A table whose columns change is altered in place, for which it is locked until the transaction is over. So
this comes last, and is asked for a moment at a time (`postgres_locks`).
"""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.engines import postgres_catalog as catalog
from pipeline.engines.base import Engine, Kind
from pipeline.engines.postgres_comments import comment
from pipeline.errors import QueryError
from pipeline.plan.layers import LAYERS, MARTS

# Columns of marts that dashboards filter by.
FILTERS = ("date", "commit_date", "developer_id", "agent_type")

# The name of what is new until the transaction ends.
NEW = "{}~new"

Key = tuple[str, str]  # schema and name


@dataclass
class Made:
    """What takes the place of something that stands.

    Attributes:
        kind: of the new.
        replacing: of the old.
        select: the query that it is made of; empty if it was filled otherwise.
        comments: what it and its columns mean, if somebody said so.
    """

    kind: Kind
    replacing: Kind
    select: str = ""
    comments: tuple[str, Mapping[str, str]] | None = None


@dataclass(frozen=True)
class Change:
    """What the columns of a standing table lack to be those of the new one."""

    add: Mapping[str, str]
    retype: Mapping[str, str]
    drop: Sequence[str]

    @property
    def breaking(self) -> list[str]:
        """The columns that nobody may rely on."""
        return [*self.retype, *self.drop]

    def __bool__(self) -> bool:
        return bool(self.add or self.retype or self.drop)


class PublishesInPlace(Engine):
    """PostgreSQL as far as it makes tables."""

    def __init__(self) -> None:
        self._made: dict[Key, Made] = {}
        self._unwanted: dict[Key, Kind] = {}

    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    @abstractmethod
    def patiently(self, sql: str, tables: Collection[str], *, alone: bool) -> None:
        """Run statements that may wait for others, as long as `wait` says."""

    def tune(self) -> None:
        # Rows can be deleted from a table that somebody publishes only if subscribers can be told which.
        # This is done before the transaction, so that the table is locked for a moment only.
        for key in catalog.without_identity(self, {layer.schema for layer in LAYERS.values()}):
            self.execute(f"ALTER TABLE {self.name(*key)} REPLICA IDENTITY FULL")

    def redirected(self, sql: str) -> str:
        """A statement that reads what this transaction has made."""
        for key in self._made:
            sql = sql.replace(self.name(*key), self._new(key))
        return sql

    def forget(self) -> None:
        """Nothing has been made: the transaction is rolled back."""
        self._made, self._unwanted = {}, {}

    # While the transaction goes on

    def create(self, schema: str, table: str, select: str, kind: Kind, replacing: Kind | None) -> int | None:
        made = NEW.format(table) if replacing else table
        # Rows that are about to be copied need not survive the server.
        unlogged = "UNLOGGED " if kind == replacing == "table" else ""
        count = self.execute(f"CREATE {unlogged}{kind.upper()} {self.name(schema, made)} AS {select}")
        if kind == "table":
            # The planner knows nothing of a new table, and later models read it at once.
            self.execute(f"ANALYZE {self.name(schema, made)}")
        if replacing:
            self._made[schema, table] = Made(kind, replacing, select)
        elif kind == "table":
            self.index((schema, table), catalog.columns(self, schema, table))
        return count

    def create_empty(
        self, schema: str, table: str, columns: Mapping[str, str], replacing: Kind | None
    ) -> None:
        # Texts are compared by code points, as in tables that models make and on every other engine.
        typed = {name: f'{kind} COLLATE "C"' if kind == "text" else kind for name, kind in columns.items()}
        super().create_empty(schema, NEW.format(table) if replacing else table, typed, None)
        if replacing:
            self._made[schema, table] = Made("table", replacing)

    def drop(self, schema: str, table: str, kind: Kind) -> None:
        if self.in_transaction():
            self._unwanted[schema, table] = kind
        else:
            super().drop(schema, table, kind)

    def describe(
        self, schema: str, table: str, kind: Kind, description: str, columns: Mapping[str, str]
    ) -> None:
        if (schema, table) in self._made:
            self._made[schema, table].comments = description, columns
        else:
            comment(self, schema, table, kind, description, columns)

    def index(self, key: Key, columns: Iterable[str]) -> None:
        """Index what dashboards filter by among new columns of a mart."""
        if key[0] == MARTS.schema:
            for column in columns:
                if column in FILTERS:
                    self.execute(f"CREATE INDEX ON {self.name(*key)} ({self.quote(column)})")

    # At its end

    def publish_all(self) -> None:
        """Put what is new in the place of what stands.

        Raises:
            QueryError: something of somebody else stands in the way; it says what, whose, and what to do.
        """
        made, unwanted = self._made, self._unwanted
        self.forget()
        new = {key: catalog.columns(self, key[0], NEW.format(key[1])) for key in made}
        changes = {
            key: self._change(key, new[key]) for key, m in made.items() if m.kind == m.replacing == "table"
        }
        views = [key for key, m in made.items() if m.kind == "view"]
        going = {**unwanted, **{key: m.replacing for key, m in made.items() if m.kind != m.replacing}}
        going |= {key: "view" for key in views if key not in going and self._gives_way(key, new, changes)}
        self._refuse(changes, going)
        grants = [grant for key in going if key in made for grant in catalog.grants(self, *key)]
        for key in reversed(views):
            super().drop(key[0], NEW.format(key[1]), "view")
        for key in changes:
            self.patiently(f"DELETE FROM {self.name(*key)}", [self.name(*key)], alone=False)
        for key in (key for key, change in changes.items() if not change):
            self._insert(key, new[key])
        self._alter(changes, going, [key for key, m in made.items() if m.kind == "table"])
        for key in (key for key, change in changes.items() if change):
            self._insert(key, new[key])
            self.index(key, changes[key].add)
        for key in changes:
            super().drop(key[0], NEW.format(key[1]), "table")
        for key, m in made.items():
            if m.kind == "view":
                # Over a view that stands, which keeps what others have tied to it.
                sql = f"CREATE OR REPLACE VIEW {self.name(*key)} AS {m.select}"
                self.patiently(sql, [self.name(*key)], alone=True)
            elif key in going:
                self.index(key, new[key])
        for grant in grants:
            self.execute(grant)
        for key, m in made.items():
            if m.comments:
                self.describe(*key, m.kind, *m.comments)

    def _new(self, key: Key) -> str:
        return self.name(key[0], NEW.format(key[1]))

    def _change(self, key: Key, new: Mapping[str, str]) -> Change:
        old = catalog.columns(self, *key)
        return Change(
            add={name: kind for name, kind in new.items() if name not in old},
            retype={name: kind for name, kind in new.items() if old.get(name, kind) != kind},
            drop=[name for name in old if name not in new],
        )

    def _gives_way(
        self, view: Key, new: Mapping[Key, Mapping[str, str]], changes: Mapping[Key, Change]
    ) -> bool:
        """Whether a view of ours must be made anew: it has other columns, or reads some that change."""
        old = list(catalog.columns(self, *view).items())
        return list(new[view].items())[: len(old)] != old or any(
            view == reader.key
            for key, change in changes.items()
            if change.breaking
            for reader in catalog.dependents(self, *key, change.breaking)
        )

    def _refuse(self, changes: Mapping[Key, Change], going: Collection[Key]) -> None:
        """Stop before anything is published if it would break what is somebody else's."""
        for key, change in changes.items():
            if keys := catalog.foreign_keys(self, *key):
                raise QueryError(
                    f"{'.'.join(key)} cannot be published: its rows are replaced, and this points to them:"
                    f" {_listed(keys)}. Nothing was published. Drop it (ALTER TABLE … DROP CONSTRAINT)."
                )
            if change.breaking:
                readers = catalog.dependents(self, *key, change.breaking)
                self._refuse_for([reader for reader in readers if reader.key not in going], key, change)
        for key in going:
            readers = [*catalog.dependents(self, *key, None), *catalog.foreign_keys(self, *key)]
            self._refuse_for([reader for reader in readers if reader.key not in going], key, None)

    def _refuse_for(self, readers: Sequence[catalog.Dependent], key: Key, change: Change | None) -> None:
        if not readers:
            return
        what = ["is dropped or made anew"]
        if change:
            what = [f"loses its column {name}" for name in change.drop]
            what += [f"has its column {name} become {kind}" for name, kind in change.retype.items()]
        raise QueryError(
            f"{'.'.join(key)} {' and '.join(what)}, which PostgreSQL does not allow as long as this reads it:"
            f" {_listed(readers)}. Nothing was published. Have the owner keep its definition (of a view:"
            " pg_get_viewdef), drop it, and make it anew to fit after the next build."
        )

    def _insert(self, key: Key, columns: Iterable[str]) -> None:
        names = ", ".join(map(self.quote, columns))
        self.execute(f"INSERT INTO {self.name(*key)} ({names}) SELECT {names} FROM {self._new(key)}")
        # By name, they are what was audited, unless somebody's trigger or rule had its own idea of them.
        if catalog.has_triggers(self, *key) and (
            self._content(self.name(*key), names) != self._content(self._new(key), names)
        ):
            raise QueryError(
                f"{'.'.join(key)} would not hold the rows that were audited: something changes them when they"
                " are inserted. Nothing was published. Look for its triggers and rules (psql: \\d+)."
            )
        self.execute(f"ANALYZE (SKIP_LOCKED) {self.name(*key)}")

    def _content(self, name: str, columns: str) -> str | None:
        return self.content_hash(f"SELECT {columns} FROM {name}")

    def _alter(self, changes: Mapping[Key, Change], going: Mapping[Key, Kind], tables: Iterable[Key]) -> None:
        """All that needs tables alone, at one go: nobody shall wait for one while we wait for another."""
        steps = []
        for kind in ("view", "table"):
            if names := [self.name(*key) for key in going if going[key] == kind]:
                steps.append(f"DROP {kind.upper()} IF EXISTS {', '.join(names)}")
        altered = [key for key, change in changes.items() if change]
        steps += [f"ALTER TABLE {self.name(*key)} {self._actions(changes[key])}" for key in altered]
        steps += [
            f"ALTER TABLE {self._new(key)} RENAME TO {self.quote(key[1])}" for key in tables if key in going
        ]
        if steps:
            self.patiently("; ".join(steps), [self.name(*key) for key in [*going, *altered]], alone=True)

    def _actions(self, change: Change) -> str:
        """What ALTER TABLE does to a table that has no rows at the moment."""
        quoted = self.quote
        return ", ".join(
            [
                *(f"DROP COLUMN {quoted(name)}" for name in change.drop),
                *(f"ADD COLUMN {quoted(name)} {kind}" for name, kind in change.add.items()),
                *(f"ALTER {quoted(name)} TYPE {kind} USING NULL" for name, kind in change.retype.items()),
            ]
        )


def _listed(dependents: Iterable[catalog.Dependent]) -> str:
    return ", ".join(map(str, dependents))
