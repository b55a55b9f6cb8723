"""Raw tables that came out of a backup.

PostgreSQL tells whether rows were altered in place by counters and by the file of the table, none of which a
backup brings back. So it is noted for which marker of before that of the new table stands, and the next build
finds nothing changed.
"""

from pipeline.engines import meta
from pipeline.engines.base import Engine

TABLE = "restored"
NATIVE = meta.NATIVE["postgres"]
COLUMNS = {"table_name": NATIVE["text"], "marker": NATIVE["text"], "stands_for": NATIVE["text"]}


def note(engine: Engine, schema: str, table: str, *, stands_for: str) -> None:
    """Note for which marker of before that of a table stands which this transaction has made."""
    record = engine.name(meta.SCHEMA, TABLE)
    if TABLE not in engine.shapes(meta.SCHEMA):
        engine.create_schema(meta.SCHEMA)
        engine.execute(f"CREATE TABLE {record} ({', '.join(f'{c} {t}' for c, t in COLUMNS.items())})")
    row = (engine.name(schema, table), engine.change_marker(schema, table), stands_for)
    engine.append(meta.SCHEMA, TABLE, [*COLUMNS], [row])


def of_before(engine: Engine, name: str, marker: str) -> str:
    """The marker that another stands for, or itself.

    Args:
        engine: a PostgreSQL database.
        name: the quoted name of the table.
        marker: of the table as it is.
    """
    record = engine.name(meta.SCHEMA, TABLE)
    if engine.fetch("SELECT to_regclass(?) IS NULL", [record])[0][0]:
        return marker
    found = engine.fetch(
        f"SELECT stands_for FROM {record} WHERE table_name = ? AND marker = ?", [name, marker]
    )
    return str(found[0][0]) if found else marker
