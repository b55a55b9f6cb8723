"""What tables and columns mean, as comments on PostgreSQL: ours follow their contracts, other people's stay.

PostgreSQL does not tell who wrote a comment, so a table says which ones we did.
"""

from collections.abc import Mapping

from pipeline.engines import meta
from pipeline.engines.base import Engine, Kind
from pipeline.plan.render import quote_text

TABLE = "comments"
TYPES = {"table_schema": "text", "table_name": "text", "column_name": "text", "comment": "text"}
WHOLE = ""  # the name of no column: the table's own comment

STANDING = """
SELECT COALESCE(a.attname, ''), d.description
FROM pg_description AS d LEFT JOIN pg_attribute AS a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
    AND d.objsubid > 0
WHERE d.classoid = 'pg_class'::regclass AND d.objoid = to_regclass(?)
"""


def comment(
    engine: Engine, schema: str, table: str, kind: Kind, description: str, columns: Mapping[str, str]
) -> None:
    """Write the comments of a table or view, but for those that somebody else has written since we did."""
    name, record = engine.name(schema, table), engine.name(meta.SCHEMA, TABLE)
    if TABLE not in engine.shapes(meta.SCHEMA):
        engine.create_schema(meta.SCHEMA)
        engine.execute(f"CREATE TABLE {record} ({', '.join(f'{c} {t} NOT NULL' for c, t in TYPES.items())})")
    ours = dict(
        engine.fetch(
            f"SELECT column_name, comment FROM {record} WHERE table_schema = ? AND table_name = ?",
            [schema, table],
        )
    )
    standing = dict(engine.fetch(STANDING, [name]))
    wanted = {WHOLE: description, **columns}
    for column, text in wanted.items():
        stands = standing.get(column)
        # Before there was this record, all of them were ours.
        if stands != text and (not ours or stands in (None, ours.get(column))):
            what = f"COLUMN {name}.{engine.quote(column)}" if column else f"{kind.upper()} {name}"
            engine.execute(f"COMMENT ON {what} IS {quote_text(text, engine.dialect)}")
    if ours != wanted:
        engine.execute(f"DELETE FROM {record} WHERE table_schema = ? AND table_name = ?", [schema, table])
        engine.append(
            meta.SCHEMA,
            TABLE,
            list(TYPES),
            [(schema, table, column, text) for column, text in wanted.items()],
        )
