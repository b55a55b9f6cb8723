"""What lands of records about people: pseudonyms in their place, and of who was forgotten what is left."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipeline.engines.forgotten import Forgotten
from pipeline.ingest.landing.arrow import without_people_in
from pipeline.ingest.landing.columns import booleans, texts
from pipeline.ingest.landing.identity import key_of, record_hash
from pipeline.privacy import database
from pipeline.system.pseudonyms import without_people

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.engines.base import Engine
    from pipeline.ingest.forget.records import Records
    from pipeline.privacy.pseudonyms import Pseudonyms

# Columns of quarantine that quote a record, or say where it stood.
QUOTING = ("file", "reason", "excerpt")


class People:
    """Hides people on their way into one database. Which record one is does not depend on it.

    Args:
        pseudonyms: what lands instead of people; None lets them be.
    """

    def __init__(self, pseudonyms: "Pseudonyms | None") -> None:
        self.pseudonyms = pseudonyms
        self._forgetting: Records | None = None

    @property
    def let_all_be(self) -> bool:
        """Whether records land as they are."""
        return not self.pseudonyms and not self._forgetting

    def refuse_others(self, engine: "Engine") -> None:
        """Refuse a database that has pseudonyms of another key, or some where none are asked for."""
        database.refuse_other_key(engine, self.pseudonyms)

    def begin(self, engine: "Engine") -> None:
        """Hide who landed before, and learn who was forgotten; in the transaction of the ingest."""
        if self.pseudonyms:
            database.hide(engine, self.pseudonyms)
        if forgotten := Forgotten.of(engine):
            from pipeline.ingest.forget.marks import own_marks
            from pipeline.ingest.forget.records import Records

            self._forgetting = Records(forgotten, own_marks(engine))

    def end(self, engine: "Engine", tables: Iterable[str]) -> None:
        """Note in which raw tables something landed."""
        if self.pseudonyms:
            for table in tables:
                database.note_landed(engine, self.pseudonyms, table)

    def left(self, table: str, records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """What is left of records; some may be left out."""
        if self.pseudonyms:
            hide, key = self.pseudonyms.rows.record, key_of(table)
            records = [
                hide(table, {**record, key: record.get(key) or record_hash(table, record)})
                for record in records
            ]
        if self._forgetting:
            clean, key = self._forgetting.clean, key_of(table)
            known = (
                record if record.get(key) else {**record, key: record_hash(table, record)}
                for record in records
            )
            return [left for record in known if (left := clean(table, record)) is not None]
        return [*records]

    def left_in(self, table: str, rows: "pa.Table") -> "pa.Table":
        """What is left of an Arrow table."""
        if self.pseudonyms:
            rows = without_people_in(table, rows, self.pseudonyms.rows)
        return _without_forgotten(table, rows, self._forgetting) if self._forgetting else rows

    def put_aside(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of quarantine."""
        if self.pseudonyms:
            row = database.put_aside(row, self.pseudonyms)
        return row | {name: self._said(row[name]) for name in QUOTING if row[name]}

    def kind(self, kind: str) -> str:
        """What a kind of records is called."""
        return database.kind_of(kind, self.pseudonyms) if self.pseudonyms else kind

    def place(self, name: str) -> str:
        """What a file or another input is called."""
        return self._said(self.pseudonyms.file(name) if self.pseudonyms else name)

    def sentence(self, message: str) -> str:
        """What is said on a terminal."""
        return without_people(message) if self.pseudonyms else message

    def _said(self, text: str) -> str:
        return self._forgetting.texts.clean_own(text) if self._forgetting else text


def _without_forgotten(table: str, rows: "pa.Table", forgetting: "Records") -> "pa.Table":
    names = [field.name for field in rows.schema if _is_text(field.type)]
    values = zip(*(rows.column(name).to_pylist() for name in names), strict=True)
    records = [dict(zip(names, row, strict=True)) for row in values]
    cleaned = [forgetting.clean(table, record) for record in records]
    if all(left is record for left, record in zip(cleaned, records, strict=True)):
        return rows
    rows = rows.filter(booleans([left is not None for left in cleaned]))
    some = [left for left in cleaned if left is not None]
    for name in dict.fromkeys(name for left in some for name in left):
        column = texts([left.get(name) for left in some])
        if name in names:
            rows = rows.set_column(rows.column_names.index(name), name, column)
        else:
            rows = rows.append_column(name, column)
    return rows


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    plain = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    plain = plain.value_type if pa.types.is_dictionary(plain) else plain
    return bool(pa.types.is_string(plain) or pa.types.is_null(plain))
