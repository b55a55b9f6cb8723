"""Seats that the company pays for: Copilot's as GitHub lists them, and those on invoices, in seats.csv.

One seat of Copilot has been idle for six weeks, and of the use of Cursor nothing tells.
"""

import datetime as dt
from pathlib import Path
from typing import Any

import orjson

from pipeline.demo.company import DAYS, PEOPLE, Person

IDLE, IDLE_FOR = "dlevi", dt.timedelta(days=42)
# Login, agent, provider, plan, US dollars a month.
INVOICED = (
    ("gpetrov", "gemini_cli", "google", "Code Assist Standard", "22.80"),
    ("hanasato", "cursor", "cursor", "Teams", "40"),
)


def write_copilot_seats(folder: Path, as_of: dt.datetime) -> Path:
    """GitHub's answer about seats, of the day before the end."""
    people = [person for person in PEOPLE if person.copilot or person.login == IDLE]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "seats.json"
    page = {"total_seats": len(people), "seats": [_seat(person, as_of) for person in people]}
    file.write_bytes(orjson.dumps(page, option=orjson.OPT_INDENT_2))
    return file


def _seat(person: Person, as_of: dt.datetime) -> dict[str, Any]:
    idle_for = IDLE_FOR if person.login == IDLE else dt.timedelta(days=1)
    granted = (as_of - dt.timedelta(days=DAYS)).isoformat()
    return {
        "created_at": granted,
        "updated_at": granted,
        "pending_cancellation_date": None,
        "last_activity_at": (as_of - idle_for).isoformat(),
        "plan_type": "business",
        "assignee": {"login": person.login, "id": 1000 + PEOPLE.index(person), "type": "User"},
    }


def write_invoiced_seats(folder: Path, as_of: dt.datetime) -> Path:
    """The project's own seed of seats and subscriptions."""
    emails = {person.login: person.email for person in PEOPLE}
    since = (as_of - dt.timedelta(days=DAYS)).date()
    lines = ["developer_id,agent_type,provider,plan,usd_per_month,valid_from,valid_to"]
    lines += [
        f"{emails[login]},{agent},{provider},{plan},{usd},{since},"
        for login, agent, provider, plan, usd in INVOICED
    ]
    file = folder / "seats.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
