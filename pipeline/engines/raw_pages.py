"""Raw tables in pages, whatever ids their rows have: a collector may have given several one id, or none."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.engines.base import Engine

PAGE = 20_000  # rows of a page, or as many more as have its last id
BELOW_ALL = -(2**63)  # a bound of ids


def pages(engine: "Engine", table: str, above: int = BELOW_ALL) -> Iterator[tuple[str, list[int]]]:
    """Conditions with their parameters, each of which takes some rows of a raw table.

    Together they take every row whose id is above the one given, and those that have none, once.
    """
    name = engine.name("raw", table)
    yield "id IS NULL", []
    while True:
        ids = f"SELECT id FROM {name} WHERE id > ? ORDER BY id LIMIT {PAGE}"
        ((last,),) = engine.fetch(f"SELECT max(id) FROM ({ids}) AS page", [above])
        if last is None:
            return
        yield "id > ? AND id <= ?", [above, last]
        above = last
