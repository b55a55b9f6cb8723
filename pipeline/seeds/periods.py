"""Seeds whose rows hold for a time: what is wrong with them, taken together."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from pipeline.errors import ConfigError

Row = Mapping[str, Any]


class Seed(NamedTuple):
    """A seed of which one row holds at a time.

    Attributes:
        key: the columns of whose values that is true.
        says: what a row says.
        still: what it says in short.
    """

    key: tuple[str, ...]
    says: Callable[[Row], str]
    still: Callable[[Row], str]


SEEDS = {
    "teams": Seed(
        ("developer_id",),
        lambda row: f"{row['developer_id']} is in {row['team']}",
        lambda row: f"in {row['team']}",
    ),
    "seats": Seed(
        ("developer_id", "agent_type"),
        lambda row: f"{row['developer_id']} has a seat of {row['agent_type']} ({row['plan']})",
        lambda row: f"one ({row['plan']})",
    ),
    "seat_prices": Seed(
        ("agent_type", "plan"),
        lambda row: f"{row['plan']} of {row['agent_type']} costs {row['usd_per_month']:g} USD",
        lambda row: f"{row['usd_per_month']:g} USD",
    ),
}


def refuse_overlaps(seed: str, rows: Iterable[tuple[str, Row]]) -> None:
    """Refuse periods without a day, and two of one thing on one day.

    Args:
        seed: one of `SEEDS`.
        rows: where each row stands, and the row, with valid_from, and valid_to: exclusive, None: in force.

    Raises:
        ConfigError: says which rows, and what to do.
    """
    key, says, still = SEEDS[seed]
    found: dict[tuple[str, ...], list[tuple[Row, str]]] = {}
    for where, row in rows:
        start, end = row["valid_from"], row["valid_to"]
        if end is not None and end <= start:
            raise ConfigError(
                f"{where}: valid_to {end} is not after valid_from {start}."
                " It is the first day on which the row no longer holds; leave it empty while it does."
            )
        found.setdefault(tuple(str(row[name]).lower() for name in key), []).append((row, where))
    for periods in found.values():
        periods.sort(key=_first_day)
        for (before, there), (after, here) in pairwise(periods):
            if before["valid_to"] is None or after["valid_from"] < before["valid_to"]:
                raise ConfigError(
                    f"{here}: {says(after)} from {after['valid_from']} on, and still {still(before)}"
                    f" ({there}). End the earlier row: valid_to {after['valid_from']}."
                )


def _first_day(found: tuple[Row, str]) -> dt.date:
    day: dt.date = found[0]["valid_from"]
    return day
