"""Who is in which team: what is wrong with the rows of teams.csv, taken together."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from pipeline.errors import ConfigError


class Membership(NamedTuple):
    """A row of the seed; `valid_to` is exclusive, None: still in force."""

    developer_id: str
    team: str
    parent_team: str | None
    cost_centre: str | None
    valid_from: dt.date
    valid_to: dt.date | None


def refuse_overlaps(rows: Iterable[tuple[str, Sequence[Any]]]) -> None:
    """Refuse periods without a day, and two teams of one developer on one day.

    Args:
        rows: where each row stands, and the row.

    Raises:
        ConfigError: says which rows, and what to do.
    """
    by_developer: dict[str, list[tuple[Membership, str]]] = {}
    for where, row in rows:
        member = Membership(*row)
        if member.valid_to is not None and member.valid_to <= member.valid_from:
            raise ConfigError(
                f"{where}: valid_to {member.valid_to} is not after valid_from {member.valid_from}."
                " It is the first day no longer in the team; leave it empty for who is still there."
            )
        by_developer.setdefault(member.developer_id.lower(), []).append((member, where))
    for members in by_developer.values():
        members.sort(key=lambda found: found[0].valid_from)
        for (before, there), (after, here) in pairwise(members):
            if before.valid_to is None or after.valid_from < before.valid_to:
                raise ConfigError(
                    f"{here}: {after.developer_id} is in {after.team} from {after.valid_from} on, and still"
                    f" in {before.team} ({there}). End the earlier row: valid_to {after.valid_from}."
                )
