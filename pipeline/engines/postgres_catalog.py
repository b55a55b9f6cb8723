"""What PostgreSQL knows of a table that is to be replaced: its columns, and what others have tied to it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipeline.engines.base import Engine

COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attcollation <> t.typcollation
            THEN ' COLLATE ' || CAST(a.attcollation AS regcollation) ELSE '' END
FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""

# Without partitions: what is in them is read from and written to the table that they are of.
TABLES = """
SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY (CAST(? AS text[])) ORDER BY 1, 2
"""

# Views, functions, policies, filters of publications and triggers. Indexes go and change with their columns.
DEPENDENTS = """
SELECT DISTINCT n.nspname, v.relname,
    CASE WHEN v.oid IS NULL THEN pg_describe_object(d.classid, d.objid, d.objsubid)
         ELSE CASE v.relkind WHEN 'm' THEN 'materialized ' ELSE '' END
              || 'view ' || format('%I.%I', n.nspname, v.relname) END,
    pg_get_userbyid(COALESCE(v.relowner, p.proowner, t.relowner))
FROM pg_depend AS d JOIN pg_class AS t ON t.oid = d.refobjid
LEFT JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_class AS v ON v.oid = r.ev_class
LEFT JOIN pg_namespace AS n ON n.oid = v.relnamespace
LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass(?) AND d.deptype = 'n'
AND v.oid IS DISTINCT FROM d.refobjid
AND (d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass) OR CAST(? AS text[]) IS NOT NULL AND d.classid
     IN ('pg_policy'::regclass, 'pg_publication_rel'::regclass, 'pg_trigger'::regclass))
AND (CAST(? AS text[]) IS NULL OR CAST(a.attname AS text) = ANY (CAST(? AS text[])))
ORDER BY 3
"""

FOREIGN_KEYS = """
SELECT n.nspname, c.relname, format('foreign key %I of table %I.%I', f.conname, n.nspname, c.relname),
    pg_get_userbyid(c.relowner)
FROM pg_constraint AS f JOIN pg_class AS c ON c.oid = f.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE f.contype = 'f' AND f.confrelid = to_regclass(?) AND f.conrelid <> f.confrelid ORDER BY 3
"""

GRANTS = """
SELECT 'GRANT ' || g.privilege_type || ' ON ' || CAST(c.oid AS regclass) || ' TO '
    || CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE CAST(CAST(g.grantee AS regrole) AS text) END
    || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM pg_class AS c, aclexplode(c.relacl) AS g WHERE c.oid = to_regclass(?) AND g.grantee <> c.relowner
"""

# Tables of ours whose deleted rows subscribers are to be told of, and that have nothing to tell them by.
WITHOUT_IDENTITY = """
SELECT DISTINCT n.nspname, c.relname
FROM pg_publication AS p JOIN pg_publication_tables AS t ON t.pubname = p.pubname
JOIN pg_namespace AS n ON n.nspname = t.schemaname
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.tablename
WHERE p.pubdelete AND n.nspname = ANY (CAST(? AS text[])) AND pg_has_role(c.relowner, 'USAGE')
AND (c.relreplident = 'n' OR c.relreplident = 'd'
     AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary))
ORDER BY 1, 2
"""

TRIGGERS = """
SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass(?) AND NOT tgisinternal)
    OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = to_regclass(?))
"""


@dataclass(frozen=True)
class Dependent:
    """Something that hangs on a table.

    Attributes:
        key: schema and name, of a view or table.
        description: what it is, for people.
        owner: whose it is.
    """

    key: tuple[str | None, str | None]
    description: str
    owner: str

    def __str__(self) -> str:
        return f"{self.description} (owner {self.owner})"


def tables(engine: Engine, schemas: Collection[str]) -> list[tuple[str, str]]:
    """The tables of some schemas."""
    return [(schema, table) for schema, table in engine.fetch(TABLES, [sorted(schemas)])]


def columns(engine: Engine, schema: str, table: str) -> dict[str, str]:
    """Columns of a table and their types, as its definition would say them."""
    return dict(engine.fetch(COLUMNS, [engine.name(schema, table)]))


def dependents(engine: Engine, schema: str, table: str, columns: Sequence[str] | None) -> list[Dependent]:
    """What reads a table, or some columns of it."""
    rows = engine.fetch(DEPENDENTS, [engine.name(schema, table), columns, columns, columns])
    return [Dependent((schema, name), *rest) for schema, name, *rest in rows]


def foreign_keys(engine: Engine, schema: str, table: str) -> list[Dependent]:
    """The foreign keys of other tables that point to a table."""
    rows = engine.fetch(FOREIGN_KEYS, [engine.name(schema, table)])
    return [Dependent((schema, name), *rest) for schema, name, *rest in rows]


def grants(engine: Engine, schema: str, table: str) -> list[str]:
    """The statements that give again what others may do with a table or view."""
    return [row[0] for row in engine.fetch(GRANTS, [engine.name(schema, table)])]


def has_triggers(engine: Engine, schema: str, table: str) -> bool:
    """Whether anything is done when rows are written to a table."""
    return bool(engine.fetch(TRIGGERS, [engine.name(schema, table)] * 2)[0][0])


def without_identity(engine: Engine, schemas: Collection[str]) -> list[tuple[str, str]]:
    """Tables from which PostgreSQL would refuse to delete rows, since it could not tell subscribers which."""
    return [(schema, table) for schema, table in engine.fetch(WITHOUT_IDENTITY, [sorted(schemas)])]
