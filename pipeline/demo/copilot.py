"""GitHub Copilot's usage reports: one line per person and day, and the organisation's totals."""

import datetime as dt
from pathlib import Path
from random import Random
from typing import Any

import orjson

from pipeline.demo.company import DAYS, PEOPLE, Person

LANGUAGES = ("python", "typescript", "sql")


def write_copilot(folder: Path, rng: Random, as_of: dt.datetime) -> list[Path]:
    """The reports of users (NDJSON) and of the organisation; their last day is yesterday."""
    folder.mkdir(parents=True, exist_ok=True)
    people = [person for person in PEOPLE if person.copilot]
    rows: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    first = as_of.date() - dt.timedelta(days=DAYS)
    for day in (first + dt.timedelta(days=n) for n in range(DAYS)):
        chance = 0.1 if day.weekday() >= 5 else 0.85
        active = [_row(rng, person, day) for person in people if rng.random() < chance]
        rows += active
        if active:
            totals.append(_total(day, active))
    users = folder / "users-28-day.ndjson"
    users.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    organization = folder / "organization-28-day.json"
    report = {
        "report_start_day": first.isoformat(),
        "report_end_day": (as_of.date() - dt.timedelta(days=1)).isoformat(),
        "organization_id": "4242",
        "day_totals": totals,
    }
    organization.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    return [users, organization]


def _row(rng: Random, person: Person, day: dt.date) -> dict[str, Any]:
    languages = []
    for language in LANGUAGES:
        suggested = rng.randint(4, 70)
        accepted = int(suggested * rng.uniform(0.15, 0.45))
        languages.append(
            _counts(rng, suggested, accepted) | {"language": language, "feature": "code_completion"}
        )
    completion = {"feature": "code_completion"} | _summed(languages)
    edits = _counts(rng, rng.randint(0, 6), 0)
    agent = {"feature": "agent_edit"} | edits
    asked = rng.randint(0, 9)
    return {
        "day": day.isoformat(),
        "organization_id": "4242",
        "user_id": 1000 + PEOPLE.index(person),
        "user_login": person.login,
        "user_initiated_interaction_count": asked,
        **_summed([completion, agent]),
        "totals_by_feature": [completion, agent],
        "totals_by_language_feature": languages,
        "used_chat": asked > 0,
        "used_agent": edits["code_generation_activity_count"] > 0,
        "used_cli": False,
    }


def _counts(rng: Random, suggested: int, accepted: int) -> dict[str, int]:
    return {
        "code_generation_activity_count": suggested,
        "code_acceptance_activity_count": accepted,
        "loc_suggested_to_add_sum": suggested * rng.randint(1, 4),
        "loc_added_sum": accepted * rng.randint(1, 3),
        "loc_deleted_sum": 0,
    }


def _summed(parts: list[dict[str, Any]]) -> dict[str, int]:
    kinds = [kind for kind, value in parts[0].items() if isinstance(value, int)]
    return {kind: sum(part[kind] for part in parts) for kind in kinds}


def _total(day: dt.date, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "day": day.isoformat(),
        "organization_id": "4242",
        "daily_active_users": len(rows),
        "code_generation_activity_count": sum(r["code_generation_activity_count"] for r in rows),
        "code_acceptance_activity_count": sum(r["code_acceptance_activity_count"] for r in rows),
        "totals_by_feature": [
            {"feature": "code_completion"} | _summed([r["totals_by_feature"][0] for r in rows])
        ],
    }
