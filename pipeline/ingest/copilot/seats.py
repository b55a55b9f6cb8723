"""Seats of Copilot, as GitHub's API lists them → raw.copilot_seats.

`gh api --paginate orgs/ORG/copilot/billing/seats`, or that of an enterprise:
https://docs.github.com/en/rest/copilot/copilot-user-management. An answer names neither the day on which it
was given nor whose it is; it is not older than the latest moment in it. Read on 2026-11-30.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.ingest.values import clean_text, dumps

MOMENTS = ("created_at", "updated_at", "last_activity_at", "last_authenticated_at")


class UnusableSeats(ValueError):
    """Why an answer gives no seats."""


def is_page(entry: Any) -> bool:
    """Whether an object is a page of an answer."""
    return isinstance(entry, dict) and isinstance(entry.get("seats"), list)


def seat_rows(pages: Sequence[dict[str, Any]], account: str | None) -> Iterator[dict[str, Any]]:
    """Rows of raw.copilot_seats, of all pages of one answer.

    Raises:
        UnusableSeats: pages lack, since people on them would seem to have no seat, or a value makes no sense.
    """
    seats = [seat for page in pages for seat in page["seats"]]
    if not all(isinstance(seat, dict) for seat in seats):
        raise UnusableSeats("seats is no list of JSON objects")
    rows = [_row(seat) for seat in seats]
    people = len({row["developer_id"] for row in rows})
    total = max((page["total_seats"] for page in pages if type(page.get("total_seats")) is int), default=0)
    if people < total:
        raise UnusableSeats(
            f"it lists {people} of {total} seats: ask with --paginate, and keep all pages in one file"
        )
    answer = hashlib.blake2b(dumps(sorted(map(dumps, seats))).encode(), digest_size=16).hexdigest()
    observed = max((moment for seat in seats for moment in _moments(seat)), default=None)
    for row in rows:
        yield {**row, "account": account, "answer": answer, "observed_at": observed}


def _row(seat: dict[str, Any]) -> dict[str, Any]:
    assignee = seat.get("assignee")
    login = assignee.get("login") if isinstance(assignee, dict) else None
    if not isinstance(login, str) or not login.strip():
        raise UnusableSeats("a seat names no assignee")
    assigned = _moment(seat, "created_at")
    if assigned is None:
        raise UnusableSeats(f"the seat of {login} has no created_at")
    ends, plan = seat.get("pending_cancellation_date"), seat.get("plan_type") or "unknown"
    try:
        ends_on = None if ends is None else dt.date.fromisoformat(ends[:10])
    except (TypeError, ValueError):
        raise UnusableSeats("pending_cancellation_date is no day") from None
    if not isinstance(plan, str):
        raise UnusableSeats("plan_type is no text")
    return {
        "developer_id": clean_text(login.strip().lower()),
        "plan": clean_text(plan),
        "assigned_at": assigned,
        "last_activity_at": _moment(seat, "last_activity_at"),
        "ends_on": ends_on,
    }


def _moments(seat: dict[str, Any]) -> Iterator[dt.datetime]:
    for name in MOMENTS:
        if moment := _moment(seat, name):
            yield moment


def _moment(seat: dict[str, Any], name: str) -> dt.datetime | None:
    value = seat.get(name)
    if value is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        raise UnusableSeats(f"{name} is no moment") from None
    if not 1970 <= moment.year < 2200:
        raise UnusableSeats(f"{name} is not between 1970 and 2199")
    return moment
