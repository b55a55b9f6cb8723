"""Columns of Arrow tables, made of Python's values.

Not by `pyarrow.array`: with the first list that it is given, Arrow imports pandas, which takes
longer than most ingests. So the buffers are put together here, as Arrow's format has them:
https://arrow.apache.org/docs/format/Columnar.html.
"""

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def texts(values: Sequence[str | None]) -> "pa.Array":
    """A column of text."""
    import pyarrow as pa

    if values.count(None) == len(values):
        return pa.nulls(len(values), pa.string())
    present = [value or "" for value in values]
    data = "".join(present).encode()
    sizes: Iterable[int] = map(len, present)
    if not data.isascii():
        sizes = (len(value.encode()) for value in present)
    offsets = pa.py_buffer(array("i", accumulate(sizes, initial=0)))
    return pa.StringArray.from_buffers(len(values), offsets, pa.py_buffer(data), _validity(values))


def encoded_json(values: Sequence[bytes]) -> "pa.Array":
    """A column of JSON, in UTF-8 already. DuckDB takes it as it is and does not parse it again."""
    import pyarrow as pa

    offsets = pa.py_buffer(array("i", accumulate(map(len, values), initial=0)))
    stored = pa.StringArray.from_buffers(len(values), offsets, pa.py_buffer(b"".join(values)))
    return pa.ExtensionArray.from_storage(pa.json_(), stored)


def integers(values: Sequence[int | None], kind: "pa.DataType | None" = None) -> "pa.Array":
    """A column of integers of 64 bits, or of what is kept as such: instants."""
    import pyarrow as pa

    data = pa.py_buffer(array("q", [value or 0 for value in values]))
    return pa.Array.from_buffers(kind or pa.int64(), len(values), [_validity(values), data])


def floats(values: Sequence[float | None]) -> "pa.Array":
    """A column of floating-point numbers."""
    import pyarrow as pa

    data = pa.py_buffer(array("d", [value or 0 for value in values]))
    return pa.Array.from_buffers(pa.float64(), len(values), [_validity(values), data])


def booleans(values: Sequence[bool]) -> "pa.Array":
    """A column of truth values."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])


def chosen(numbers: Sequence[int], values: Sequence[str | None]) -> "pa.Array":
    """A column of text that repeats: each row has the number of its value."""
    import pyarrow as pa

    indices = pa.py_buffer(array("i", numbers))
    return pa.DictionaryArray.from_arrays(
        pa.Array.from_buffers(pa.int32(), len(numbers), [None, indices]), texts(values)
    )


def same(value: str, count: int) -> "pa.Array":
    """A column that has the same text in every row."""
    return chosen(array("i", bytes(4 * count)), [value])


def _validity(values: Sequence[object]) -> "pa.Buffer | None":
    """One bit per value: whether it is there. None if all of them are."""
    return _bits([value is not None for value in values]) if None in values else None


def _bits(flags: Sequence[bool]) -> "pa.Buffer":
    """Flags, eight to a byte, the first in the lowest bit."""
    import pyarrow as pa

    digits = "".join(["1" if flag else "0" for flag in reversed(flags)]) or "0"
    return pa.py_buffer(int(digits, 2).to_bytes((len(flags) + 7) // 8 or 1, "little"))
