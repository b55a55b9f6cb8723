"""GitHub Copilot's usage numbers, as downloaded from its API → raw.copilot_metrics.

GitHub has changed their form twice. All three are read:

- `/copilot/usage` (2024): a day has `total_suggestions_count` and a `breakdown`.
- `/copilot/metrics` (2024 to 2026): a day has `copilot_ide_code_completions`, by editor, model
  and language.
- usage metrics reports (since October 2025): a line per user and day, or an object with the
  `day_totals` of an organisation or enterprise.

The counts are those of code completions, which all three have: what was shown and what was taken.
What only the reports of 2026 tell (AI credits, tokens and sessions of Copilot CLI, interactions, chat
modes, editors, code review) stands beside them. Credits are money, and tokens are tokens: a person's day
with either also lands in raw.otel_logs as an event with source `report`, which gives way to whatever
tells more of that day. Lists of seats are read as well, see `pipeline.ingest.copilot.seats`.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.agents.conventions import DAY_REPORT
from pipeline.agents.events import MOST_TOKENS, MOST_USD
from pipeline.agents.usage import usage_in
from pipeline.errors import IngestError
from pipeline.ingest.copilot import seats
from pipeline.ingest.documents import read_documents
from pipeline.ingest.files import InputFile
from pipeline.ingest.landing.each_file import land_each_file
from pipeline.ingest.landing.landing import IngestResult, Landing

if TYPE_CHECKING:
    from pipeline.engines.base import Engine
    from pipeline.privacy.pseudonyms import Pseudonyms

JsonObject = dict[str, Any]

# What we count, and what each generation calls it.
COUNTS = ("suggestions", "acceptances", "lines_suggested", "lines_accepted")
USAGE = ("suggestions_count", "acceptances_count", "lines_suggested", "lines_accepted")
USAGE_TOTALS = (
    "total_suggestions_count",
    "total_acceptances_count",
    "total_lines_suggested",
    "total_lines_accepted",
)
METRICS = (
    "total_code_suggestions",
    "total_code_acceptances",
    "total_code_lines_suggested",
    "total_code_lines_accepted",
)
REPORT = (
    "code_generation_activity_count",
    "code_acceptance_activity_count",
    "loc_suggested_to_add_sum",
    "loc_added_sum",
)

# Keys that tell the generations apart.
USAGE_MARKS = {"total_suggestions_count", "breakdown"}
METRICS_MARKS = {"copilot_ide_code_completions", "total_engaged_users"}
REPORT_MARKS = {"totals_by_feature", "daily_active_users", *REPORT}

# Keys of what comes from the same API and is no usage, and what to say about it.
OTHERS = {
    "team_id": "lists the members of teams",
    "usageItems": "is a bill of AI credits or premium requests, without daily usage",
    "grossQuantity": "is a bill of AI credits or premium requests, without daily usage",
}
MISTAKES = {
    "download_links": "these are links to a report: download what they lead to before they expire,"
    " and ingest that",
    "message": "this is an error that GitHub answered with",
}

BIGGEST = 2**63 - 1

# https://docs.github.com/en/billing/concepts/product-billing/github-copilot-ai-credits
USD_PER_CREDIT = 0.01
MOST = {
    "ai_credits_used": round(MOST_USD / USD_PER_CREDIT),
    "cli_prompt_tokens": MOST_TOKENS,
    "cli_output_tokens": MOST_TOKENS,
}
EVENT = f"github_copilot.{DAY_REPORT}"
NOON = dt.time(12)  # of the day in nearly every time zone


class Unusable(ValueError):
    """Why something gives no row."""


class WithoutUsage(Unusable):
    """What an object holds that is in order and yet no usage."""


def ingest_copilot(
    engine: "Engine",
    paths: Sequence[str],
    *,
    account: str | None = None,
    pseudonyms: "Pseudonyms | None" = None,
) -> IngestResult:
    """Land Copilot usage files and lists of seats, plain or compressed; folders, globs and `-` work too.

    Args:
        engine: an open engine.
        paths: files, folders, globs or `-` for standard input.
        account: whose seats these are, where several organisations have some: GitHub's answers do not say.
        pseudonyms: what lands instead of people; None lets them be.

    Raises:
        IngestError: a path is missing, unreadable or holds nothing of Copilot's, and no other
            has something. What was put aside stands in `meta.quarantine` all the same.
    """
    with Landing(engine, "copilot", paths, pseudonyms) as landing:
        wrong = land_each_file(landing, paths, partial(_ingest_file, landing, account))
    if wrong:
        raise IngestError(
            f"{wrong} Give files with Copilot usage, as GitHub's"
            " API for usage metrics offers them for download."
        )
    return landing.result


def _ingest_file(landing: Landing, account: str | None, file: InputFile) -> str | None:
    """Land a file; what is wrong with it, if nothing in it is Copilot's."""
    recognised = False
    bad: list[tuple[int | None, str]] = []
    unread: Counter[str] = Counter()
    pages: list[JsonObject] = []
    try:
        for document in read_documents(file.open()):
            if document.problem:
                bad.append((document.line, document.problem))
                continue
            for entry in entries(document.value):
                if seats.is_page(entry):
                    pages.append(entry)
                    continue
                try:
                    row = copilot_row(entry)
                    landing.land("copilot_metrics", [row])
                    if usage := day_of_usage(row):
                        landing.land("otel_logs", [usage])
                    recognised = True
                    if field := usage_beyond(row) or usage_not_read(entry):
                        unread[field] += 1
                except WithoutUsage as other:
                    landing.warn(f"{file.name} {other}.")
                    landing.skip()
                    recognised = True
                except Unusable as problem:
                    bad.append((document.line, str(problem)))
        if pages:
            rows = [*seats.seat_rows(pages, account)]
            landing.land("copilot_seats", rows)
            recognised = True
            if not rows:
                landing.warn(f"{file.name} holds no seats.")
    except seats.UnusableSeats as problem:
        bad.append((None, str(problem)))
    except OSError as error:
        bad.append((None, f"it could not be read on: {error}"))
    finally:
        file.close()
    if not recognised:
        del bad[1:]  # one reason will do for a file of something else
    for line, reason in bad:
        landing.quarantine(file.name, line, reason)
    for field, number in unread.items():
        landing.not_read(file.name, "github_copilot", "report of a day", field, number)
    if bad and not recognised:
        return f"{file.name}: {bad[0][1]}"
    if not recognised:
        landing.warn(f"{file.name} holds no days.")
    return None


def entries(document: Any) -> Iterator[Any]:
    """The objects of a document that each stand for a day, in whatever they are wrapped."""
    waiting = [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict) and isinstance(item.get("day_totals"), list):
            owner = {key: item[key] for key in ("organization_id", "enterprise_id") if key in item}
            waiting.extend(
                owner | day if isinstance(day, dict) else day for day in reversed(item["day_totals"])
            )
        elif isinstance(item, dict) and (wrapped := _wrapped(item)):
            waiting.append(wrapped)
        else:
            yield item


def _wrapped(item: JsonObject) -> list[Any] | None:
    """The rows of `{"data": [...]}` and the like; None where the object is one itself."""
    if not {"day", "date", "seats", *OTHERS, *MISTAKES}.isdisjoint(item):
        return None
    lists = [value for value in item.values() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else None


def copilot_row(entry: Any) -> JsonObject:
    """A row of raw.copilot_metrics.

    Args:
        entry: what stands for one day, of a user, an organisation or an enterprise.

    Raises:
        WithoutUsage: it is something else that GitHub offers.
        Unusable: it is none of that, or its values make no sense.
    """
    if not isinstance(entry, dict):
        raise Unusable("this is no JSON object")
    if not USAGE_MARKS.isdisjoint(entry):
        row = _usage_row(entry)
    elif not METRICS_MARKS.isdisjoint(entry):
        row = _metrics_row(entry)
    elif not REPORT_MARKS.isdisjoint(entry):
        row = _report_row(entry)
    else:
        raise _not_usage(entry)
    return row | {"date": _day(entry.get("day") or entry.get("date"))}


def _not_usage(entry: JsonObject) -> Unusable:
    for key, other in OTHERS.items():
        if key in entry:
            return WithoutUsage(f"{other}: nothing to land")
    for key, mistake in MISTAKES.items():
        if key in entry:
            return Unusable(f"{mistake}: {entry[key]}" if key == "message" else mistake)
    return Unusable("this is no Copilot usage")


def _usage_row(entry: JsonObject) -> JsonObject:
    totals = [_count(entry, name) for name in USAGE_TOTALS]
    languages = _languages(_section(entry, "breakdown"), USAGE)
    return _row(totals, languages, _count(entry, "total_active_users"))


def _metrics_row(entry: JsonObject) -> JsonObject:
    completions = entry.get("copilot_ide_code_completions") or {}
    if not isinstance(completions, dict):
        raise Unusable("copilot_ide_code_completions is no JSON object")
    found = [
        language
        for editor in _section(completions, "editors")
        for model in _section(editor, "models")
        for language in _section(model, "languages")
    ]
    totals = [sum(_count(language, name) for language in found) for name in METRICS]
    return _row(totals, _languages(found, METRICS), _count(entry, "total_active_users"))


def _report_row(entry: JsonObject) -> JsonObject:
    features, by_language = (
        [part for part in _section(entry, section) if part.get("feature") == "code_completion"]
        for section in ("totals_by_feature", "totals_by_language_feature")
    )
    totals = [sum(_count(feature, name) for feature in features) for name in REPORT]
    languages = _languages(by_language, REPORT)
    login = entry.get("user_login") or entry.get("user_id")
    if login is None:
        return _row(totals, languages, _count(entry, "daily_active_users")) | _owner(entry) | _more(entry)
    owner = _owner(entry) | {"report_scope": "user", "developer_id": str(login).strip().lower()}
    return _row(totals, languages, 1) | owner | _more(entry)


def _more(entry: JsonObject) -> JsonObject:
    """What the reports of 2026 tell beside completions; what they do not is left out."""
    cli = entry.get("totals_by_cli") or {}
    if not isinstance(cli, dict):
        raise Unusable("totals_by_cli is no JSON object")
    usage = cli.get("token_usage") or {}
    if not isinstance(usage, dict):
        raise Unusable("token_usage is no JSON object")
    told = {
        "ai_credits_used": _amount(entry, "ai_credits_used"),
        "interactions": _given(entry, "user_initiated_interaction_count"),
        "cli_sessions": _given(cli, "session_count"),
        "cli_requests": _given(cli, "request_count"),
        "cli_prompts": _given(cli, "prompt_count"),
        "cli_prompt_tokens": _given(usage, "prompt_tokens_sum"),
        "cli_output_tokens": _given(usage, "output_tokens_sum"),
        "used_code_review": _flag(entry.get("used_copilot_code_review_active")),
        "editor_breakdown": _section(entry, "totals_by_ide") or None,
        "feature_breakdown": _section(entry, "totals_by_feature") or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def usage_beyond(row: JsonObject) -> str | None:
    """The first number of a person's day that no model takes, since it cannot be; None if there is none."""
    for field, most in MOST.items():
        if row["developer_id"] is not None and (row.get(field) or 0) > most:
            return f"{field}, no number from 0 to {most:,}"
    return None


def usage_not_read(entry: JsonObject) -> str | None:
    """The first field of a day that tells credits, tokens or money and is not read; None if there is none."""
    rest = {name: value for name, value in entry.items() if name != "ai_credits_used"}
    if isinstance(cli := rest.get("totals_by_cli"), dict) and isinstance(
        usage := cli.get("token_usage"), dict
    ):
        read = ("prompt_tokens_sum", "output_tokens_sum")
        more = {name: value for name, value in usage.items() if name not in read}
        rest["totals_by_cli"] = cli | {"token_usage": more}
    return usage_in(rest)


def day_of_usage(row: JsonObject) -> JsonObject | None:
    """The credits and tokens of a person's day as an event; None where a row tells of neither.

    The same day in reports of several organisations and of the enterprise is one request.
    """
    credits = row.get("ai_credits_used")
    tokens = {
        "input_tokens": row.get("cli_prompt_tokens"),
        "output_tokens": row.get("cli_output_tokens"),
    }
    if row["developer_id"] is None or not (credits or any(tokens.values())):
        return None
    attributes = {
        **{name: count or 0 for name, count in tokens.items()},
        "request_id": f"report {row['date']} {row['developer_id']}",
    }
    if credits is not None:
        attributes["cost_usd"] = credits * USD_PER_CREDIT
    return {
        "timestamp": dt.datetime.combine(row["date"], NOON, dt.UTC),
        "body": EVENT,
        "event_name": EVENT,
        "attributes": attributes,
        "service_name": "github-copilot",
        "developer_id": row["developer_id"],
        "source": "report",
    }


def _row(totals: list[int], languages: list[JsonObject], active_users: int) -> JsonObject:
    if max(totals) > BIGGEST:
        raise Unusable("its counts add up to more than 64 bits hold")
    # Neither /usage nor /metrics says whose numbers they are.
    return {
        "developer_id": None,
        **{f"total_{name}": total for name, total in zip(COUNTS, totals, strict=True)},
        "total_active_users": active_users,
        "language_breakdown": languages,
        "organization": None,
        "report_scope": "organization",
    }


def _owner(entry: JsonObject) -> JsonObject:
    """Whose report it is. That of an enterprise covers all of its organisations."""
    if entry.get("organization_id"):
        return {"organization": str(entry["organization_id"]), "report_scope": "organization"}
    if entry.get("enterprise_id"):
        owner = f"enterprise:{entry['enterprise_id']}"
        return {"organization": owner, "report_scope": "enterprise"}
    return {"organization": None, "report_scope": "organization"}


def _languages(parts: Iterable[JsonObject], names: Sequence[str]) -> list[JsonObject]:
    """Counts by language over editors and models, in one form for all generations."""
    sums: dict[str, list[int]] = {}
    for part in parts:
        language = str(part.get("language") or part.get("name") or "unknown")
        counts = [_count(part, name) for name in names]
        sums[language] = [a + b for a, b in zip(sums.get(language, [0] * 4), counts, strict=True)]
    return [
        {"language": language} | dict(zip(COUNTS, counts, strict=True))
        for language, counts in sorted(sums.items())
    ]


def _section(entry: JsonObject, name: str) -> list[JsonObject]:
    """A list of objects; null or missing on days without use."""
    section = entry.get(name) or []
    if not isinstance(section, list) or not all(isinstance(part, dict) for part in section):
        raise Unusable(f"{name} is no list of JSON objects")
    return section


def _count(entry: JsonObject, name: str) -> int:
    value = entry.get(name)
    if value is None:
        return 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= BIGGEST:
        raise Unusable(f"{name} is no count")
    return value


def _given(entry: JsonObject, name: str) -> int | None:
    return None if entry.get(name) is None else _count(entry, name)


def _amount(entry: JsonObject, name: str) -> float | None:
    value = entry.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise Unusable(f"{name} is no amount")
    return float(value)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _day(value: Any) -> dt.date:
    try:
        day = dt.date.fromisoformat(value[:10])
    except (TypeError, ValueError):
        raise Unusable("its day is missing, or not written like 2026-11-23") from None
    if not 1970 <= day.year < 2200:
        raise Unusable(f"its day {day} is not between 1970 and 2199")
    return day
