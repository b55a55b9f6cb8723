"""A plan's SQL as a database can run it.

The compiler leaves placeholders for what only a run knows, and names relations quoted and with their
schema, so that another relation can take the place of one.
"""

import datetime as dt
import re
from collections.abc import Mapping
from types import MappingProxyType

# Stands for the instant of the run (`--as-of`, default the clock).
AS_OF = "{{as_of}}"

# In `time_drift`: stands for the instant of the run that made the table.
AS_OF_BEFORE = "{{as_of_before}}"


def render(
    sql: str,
    as_of: dt.datetime,
    relations: Mapping[str, str] = MappingProxyType({}),
    *,
    before: dt.datetime | None = None,
) -> str:
    """Fill in what a run knows.

    Args:
        sql: of a plan.
        as_of: the instant of the run.
        relations: what is read in the place of a relation, by its quoted name.
        before: the instant of the run that made the table, for a query of `time_drift`.
    """
    found = {AS_OF: literal(as_of), **relations}
    if before is not None:
        found[AS_OF_BEFORE] = literal(before)
    # In one pass: what takes the place of a relation may name it.
    return re.sub("|".join(map(re.escape, found)), lambda match: found[match[0]], sql)


def literal(instant: dt.datetime) -> str:
    """An instant as the text that stands in SQL."""
    return instant.astimezone(dt.UTC).isoformat(sep=" ", timespec="microseconds")


def quote(identifier: str, dialect: str) -> str:
    """An identifier that may be put into SQL, whatever it contains."""
    match dialect:
        case "bigquery":
            return "`" + identifier.replace("\\", "\\\\").replace("`", "\\`") + "`"
        case "pyspark":
            return "`" + identifier.replace("`", "``") + "`"
        case _:
            return '"' + identifier.replace('"', '""') + '"'


def quote_text(text: str, dialect: str) -> str:
    """A text as a literal that may be put into SQL, whatever it contains."""
    if dialect in ("bigquery", "pyspark"):
        text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        return "'" + text.replace("'", "\\'") + "'"
    return "'" + text.replace("'", "''") + "'"
