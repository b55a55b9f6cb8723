"""What the company's providers charge: Anthropic's and OpenAI's costs by day, GitHub's report of AI usage.

They charge what the usage costs by the list, but for what a reconciliation is there to find: Anthropic
charges three percent more for one model in the last week, and for a web search every Monday.
"""

import csv
import datetime as dt
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import orjson

from pipeline.demo.claude_code import cost_usd
from pipeline.demo.company import DAYS, PEOPLE, History, Request

DEARER, MORE, LAST_WEEK = "claude-sonnet-5-5", Decimal("1.03"), dt.timedelta(days=7)
UNPRICED = "harbor-coder-preview"
CREDIT = Decimal("0.01")
COLUMNS = (
    *("date", "username", "product", "sku", "model", "quantity", "unit_type", "applied_cost_per_quantity"),
    *("gross_amount", "discount_amount", "net_amount", "organization", "cost_center_name"),
)


def write_bills(folder: Path, rng: Random, history: History) -> list[Path]:
    """The bills of all whole days."""
    folder.mkdir(parents=True, exist_ok=True)
    anthropic = folder / "anthropic-cost-report.json"
    days = costs(history, "claude_code").items()
    anthropic.write_bytes(_json([_anthropic_day(*day, history.as_of.date()) for day in days]))
    openai = folder / "openai-costs.json"
    openai.write_bytes(_json([_openai_day(*day) for day in costs(history, "codex").items()]))
    github = folder / "github-ai-usage.csv"
    with github.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_github(rng, history.as_of.date()))
    return [anthropic, openai, github]


def costs(history: History, kind: str, *, on_bedrock: bool = False) -> dict[dt.date, Counter[str]]:
    """Billionths of a dollar by day of UTC and model, of those who pay the model's maker, or AWS."""
    days: dict[dt.date, Counter[str]] = {}
    for session in history.sessions:
        if session.agent.kind != kind or (session.agent.login == "bedrock") != on_bedrock:
            continue
        for request in (request for turn in session.turns for request in turn.requests):
            if _is_charged(request, history.as_of):
                nano = round(cost_usd(request, session.agent.login) * 1_000_000_000)
                days.setdefault(request.at.date(), Counter())[request.model] += nano
    return dict(sorted(days.items()))


def _is_charged(request: Request, as_of: dt.datetime) -> bool:
    return not request.failed and request.model != UNPRICED and request.at.date() < as_of.date()


def _anthropic_day(day: dt.date, models: Counter[str], today: dt.date) -> dict[str, Any]:
    results = []
    for model, nano in sorted(models.items()):
        more = MORE if model == DEARER and today - day <= LAST_WEEK else 1
        results.append(_anthropic_line(nano * more, "tokens", model))
    if day.weekday() == 0:
        results.append(_anthropic_line(Decimal(10_000_000), "web_search", None))
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    end = start + dt.timedelta(days=1)
    return {"starting_at": start.isoformat(), "ending_at": end.isoformat(), "results": results}


def _anthropic_line(nano: Decimal | int, cost_type: str, model: str | None) -> dict[str, Any]:
    cents = Decimal(nano).scaleb(-7)
    return {"currency": "USD", "amount": f"{cents:f}", "cost_type": cost_type, "model": model}


def _openai_day(day: dt.date, models: Counter[str]) -> dict[str, Any]:
    start = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
    results = [
        {
            "object": "organization.costs.result",
            "amount": {"value": nano / 1_000_000_000, "currency": "usd"},
            "line_item": f"{model}, tokens",
            "project_id": "proj_example",
        }
        for model, nano in sorted(models.items())
    ]
    return {"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": results}


def _github(rng: Random, today: dt.date) -> list[tuple[Any, ...]]:
    """Credits that the company's plan includes: a discount takes them off."""
    rows = []
    for day in (today - dt.timedelta(days=ago) for ago in range(DAYS, 0, -1)):
        for person in PEOPLE:
            if person.copilot and rng.random() < (0.1 if day.weekday() >= 5 else 0.7):
                credits = rng.randint(5, 90)
                gross = credits * CREDIT
                what = "copilot", "copilot_ai_credit", "Claude Sonnet 5.5", credits, "ai-credits", CREDIT
                amounts = gross, gross, Decimal("0.00")
                rows.append((day, person.login, *what, *amounts, "example", "Engineering"))
    return rows


def _json(days: list[dict[str, Any]]) -> bytes:
    page = {"data": days, "has_more": False, "next_page": None}
    return orjson.dumps(page, option=orjson.OPT_INDENT_2)
