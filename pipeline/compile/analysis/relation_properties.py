"""What can be known of a relation: which columns are a key, and what each column holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.compile.analysis.column_properties import Known


@dataclass(frozen=True)
class Key:
    """Columns that no two rows share; NULLs count as equal. No columns: at most one row."""

    columns: frozenset[str]
    why: str
    assumes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rows:
    """What is known of a relation."""

    columns: Mapping[str, Known]
    keys: tuple[Key, ...] = ()

    def key_within(self, columns: Iterable[str]) -> Key | None:
        """A key that consists of some of these columns."""
        within = set(columns)
        return next((key for key in self.keys if key.columns <= within), None)
