"""Databases with pseudonyms: the rows that others left in plain, and which key a database has.

`meta.pseudonyms` says what was changed with which key: a row per raw table, with the id up to which its rows
have pseudonyms; one for what is published, and one for the file. Whoever lands or builds looks there first.
Rows with larger ids come from another collector, or from before pseudonyms were asked for.
"""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.engines import meta
from pipeline.engines.raw_pages import BELOW_ALL, pages
from pipeline.engines.raw_tables import columns_of_contracts
from pipeline.errors import SetupError
from pipeline.system.pseudonyms import KEY_VARIABLE, without_people

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

PUBLISHED = "published"
FILE = "file"  # of DuckDB: its free space, too

# What was put aside tells the kind of a record in its sentence.
_KIND = re.compile(r"[A-Za-z][\w.-]{0,60}( [A-Za-z][\w.-]{0,60}){0,3}")


def refuse_other_key(
    engine: "Engine", pseudonyms: "Pseudonyms | None", there: meta.Shapes | None = None
) -> None:
    """Refuse to put names beside pseudonyms, or pseudonyms of two keys beside each other.

    Args:
        engine: an open engine.
        pseudonyms: those that are asked for.
        there: the shapes of its schema `meta`, where they are known.

    Raises:
        SetupError: the database has pseudonyms of another key, or of any where none are asked for.
    """
    checks = {check for check, _ in _notes(engine, there).values()}
    if not checks or (pseudonyms and checks == {pseudonyms.check}):
        return
    if pseudonyms:
        raise SetupError(
            f"{engine.url} has pseudonyms that were made with another key: with this one the same person"
            f" would be two. Set {KEY_VARIABLE} to the key that it was made with, or use another target."
        )
    raise SetupError(
        f"{engine.url} has pseudonyms instead of people, and [privacy] pseudonyms is not on: names would"
        " stand beside them. Switch it on again in aa-pipeline.toml; or use another target, and ingest"
        " everything there: pseudonyms cannot be turned back."
    )


def is_published(engine: "Engine") -> bool:
    """Whether all that is published was made of rows with pseudonyms."""
    return PUBLISHED in _notes(engine)


def is_clean(engine: "Engine") -> bool:
    """Whether no rows without pseudonyms are left in free space."""
    return FILE in _notes(engine)


def note_published(engine: "Engine", pseudonyms: "Pseudonyms") -> None:
    """Remember that it was, in the transaction that publishes; and that its file is cleaned after it."""
    for what in {PUBLISHED, FILE} - _notes(engine).keys():
        _note(engine, what, pseudonyms, 0)


def hide(engine: "Engine", pseudonyms: "Pseudonyms") -> bool:
    """Give pseudonyms to all rows that have none, within the transaction that is open.

    Their bytes stay in a DuckDB file until it is compacted: see `is_clean`.

    Returns:
        Whether there were any.

    Raises:
        SetupError: a raw table is a view, or the database cannot take back half of a change.
    """
    notes = _notes(engine)
    is_new = not notes
    found = _hide_metadata(engine, pseudonyms) if is_new else False
    kinds = engine.kinds()
    for table in (table for table in columns_of_contracts() if ("raw", table) in kinds):
        hidden_to = notes.get(table, ("", BELOW_ALL))[1]
        plain = _is_more(engine, table, hidden_to)
        if plain and (kinds["raw", table] == "view" or not engine.transactional):
            raise SetupError(
                f"raw.{table} of {engine.url} holds rows without pseudonyms, and they cannot be changed"
                f" there: {'it is a view' if engine.transactional else 'the database has no transactions'}."
                " Use another target, and ingest everything there."
            )
        if plain:
            _hide_table(engine, pseudonyms, table, hidden_to)
            found = True
        if plain or table not in notes:
            note_landed(engine, pseudonyms, table)
    if found:
        engine.delete(meta.SCHEMA, "pseudonyms", "what", FILE)
    elif is_new:
        note_published(engine, pseudonyms)
    return found


def note_landed(engine: "Engine", pseudonyms: "Pseudonyms", table: str) -> None:
    """Remember that all rows of a raw table have pseudonyms."""
    ((last,),) = engine.fetch(f"SELECT max(id) FROM {engine.name('raw', table)}")
    _note(engine, table, pseudonyms, BELOW_ALL if last is None else last)


def _notes(engine: "Engine", there: meta.Shapes | None = None) -> dict[str, tuple[str, int]]:
    """The check of the key, and the id up to which rows have pseudonyms, by what has them."""
    if "pseudonyms" not in (there or engine.shapes(meta.SCHEMA)):
        return {}
    found = engine.fetch(f"SELECT what, key_check, hidden_to FROM {engine.name(meta.SCHEMA, 'pseudonyms')}")
    return {what: (check, hidden_to) for what, check, hidden_to in found}


def _note(engine: "Engine", what: str, pseudonyms: "Pseudonyms", hidden_to: int) -> None:
    engine.delete(meta.SCHEMA, "pseudonyms", "what", what)
    columns = list(meta.TABLES["pseudonyms"])
    engine.append(meta.SCHEMA, "pseudonyms", columns, [(what, pseudonyms.check, hidden_to)])


def _is_more(engine: "Engine", table: str, hidden_to: int) -> bool:
    name = engine.name("raw", table)
    return bool(engine.fetch(f"SELECT 1 FROM {name} WHERE id > ? OR id IS NULL LIMIT 1", [hidden_to]))


def _hide_table(engine: "Engine", pseudonyms: "Pseudonyms", table: str, hidden_to: int) -> None:
    """Change the rows of a raw table with ids above one, a page at a time."""
    name = engine.name("raw", table)
    for condition, limits in pages(engine, table, hidden_to):
        columns, found = engine.fetch_result(f"SELECT * FROM {name} WHERE {condition}", limits)
        engine.execute(f"DELETE FROM {name} WHERE {condition}", limits)
        hidden = [
            pseudonyms.rows.record(table, dict(zip(columns, row, strict=True))).values() for row in found
        ]
        engine.append("raw", table, columns, [[*map(_as_it_landed, row)] for row in hidden])


def _as_it_landed(value: Any) -> Any:
    """JSON that PostgreSQL has read, in the text that an ingest writes: equal texts make a series."""
    if not isinstance(value, dict | list):
        return value
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _hide_metadata(engine: "Engine", pseudonyms: "Pseudonyms") -> bool:
    """Change what earlier ingests and runs said of files and rows; whether they said anything."""
    said = _change(engine, "quarantine", lambda row: put_aside(row, pseudonyms))
    said |= _change(engine, "ingests", lambda row: row | {"inputs": inputs(row["inputs"], pseudonyms)})
    said |= _change(
        engine,
        "ingest_files",
        lambda row: (
            row
            | {
                "path": pseudonyms.file(row["path"]),
                "head_hash": pseudonyms.record_hash(row["head_hash"]),
            }
        ),
    )
    # Of these names and hashes, without a key, could be tried; the files are read again instead.
    engine.execute(f"DELETE FROM {engine.name(meta.SCHEMA, 'transcript_files')} WHERE true")
    said |= _change(engine, "runs", lambda row: row | {"target": without_people(row["target"] or "")})
    for table, condition in ("audit_failures", "true"), ("run_tables", "action = 'error'"):
        engine.execute(f"DELETE FROM {engine.name(meta.SCHEMA, table)} WHERE {condition}")
    for (schema, table), kind in engine.kinds().items():
        if schema == meta.FAILING_ROWS:
            engine.drop(schema, table, kind)
    return said


def put_aside(row: dict[str, Any], pseudonyms: "Pseudonyms") -> dict[str, Any]:
    """A row of quarantine that names no file and quotes nothing."""
    reason, kind = row["reason"] or "", row["kind"]
    known = kind and kind_of(kind, pseudonyms)
    return row | {
        "file": row["file"] and pseudonyms.file(row["file"]),
        "reason": pseudonyms.sentence(reason.replace(kind, known) if kind else reason),
        "excerpt": None,
        "kind": known,
    }


def kind_of(kind: str, pseudonyms: "Pseudonyms") -> str:
    """What a kind of records is called: as it is where that looks like a name of a format."""
    return kind if _KIND.fullmatch(kind) else pseudonyms.hidden(kind)


def inputs(paths: str | None, pseudonyms: "Pseudonyms") -> str:
    """The inputs of an ingest, a path on each line."""
    return "\n".join(map(pseudonyms.file, (paths or "").splitlines()))


def _change(engine: "Engine", table: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bool:
    """Change every row of a table of run metadata; whether there are any."""
    name = engine.name(meta.SCHEMA, table)
    found = engine.fetch_dicts(f"SELECT * FROM {name}")
    if not found:
        return False
    columns: Sequence[str] = list(found[0])
    engine.execute(f"DELETE FROM {name} WHERE true")
    engine.append(meta.SCHEMA, table, columns, [tuple(change(row).values()) for row in found])
    return True
