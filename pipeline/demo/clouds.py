"""What clouds charge the company: AWS for Claude on Bedrock, Google for Gemini, beside what else they sell.

Gaps to find: AWS has agreed to a discount, Google charges nothing for the smaller model, and for a larger one
every Monday, for a job that sends no telemetry.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from pipeline.demo.bills import costs
from pipeline.demo.company import DAYS, History

BEDROCK = "Claude Sonnet 4.5 (Amazon Bedrock Edition)"
AGREED = 92  # percent of the list price
FREE = "gemini-3.8-flash"
SKU = "Gemini 3.1 Pro Preview Text Input and Output - Predictions"
OF_A_JOB = "Gemini 2.5 Pro Text Input - Predictions"


def write_cloud_bills(folder: Path, history: History) -> list[Path]:
    """AWS' Cost and Usage Report, and rows of Google's billing export, of all whole days."""
    folder.mkdir(parents=True, exist_ok=True)
    aws, google = folder / "aws-cur.csv", folder / "google-billing.json"
    rows = list(_aws(history))
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    aws.write_text(written.getvalue(), encoding="utf-8")
    google.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in _google(history)))
    return [aws, google]


def _aws(history: History) -> Iterator[dict[str, Any]]:
    bedrock = costs(history, "claude_code", on_bedrock=True)
    for day in _days(history):
        yield _aws_row(day, "AmazonS3", "USE1-TimedStorage-ByteHrs", 1_250_000_000, 1_250_000_000)
        if nano := sum(bedrock.get(day, {}).values()):
            usage = "USE1-MP:USE1_TokenCount-Units"
            yield _aws_row(day, "6xk0zw1zkcqhqpqdkl1cnkjk7", usage, nano, nano * AGREED // 100, BEDROCK)


def _aws_row(day: dt.date, code: str, usage: str, gross: int, net: int, name: str = "") -> dict[str, Any]:
    return {
        "bill_payer_account_id": "111122223333",
        "line_item_usage_account_id": "111122223333",
        "line_item_line_item_type": "Usage",
        "line_item_usage_start_date": f"{day}T00:00:00.000Z",
        "line_item_product_code": code,
        "line_item_usage_type": usage,
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": f"{gross / 1e9:.9f}",
        "line_item_net_unblended_cost": f"{net / 1e9:.9f}",
        "product": orjson.dumps({"product_name": name} if name else {}).decode(),
    }


def _google(history: History) -> Iterator[dict[str, Any]]:
    gemini = costs(history, "gemini_cli")
    for day in _days(history):
        yield _google_row(day, "Cloud Storage", "Standard Storage Belgium", 800_000_000)
        charged = sum(nano for model, nano in gemini.get(day, {}).items() if model != FREE)
        if charged:
            yield _google_row(day, "Vertex AI", SKU, charged)
        if day.weekday() == 0:
            yield _google_row(day, "Vertex AI", OF_A_JOB, 350_000_000)


def _google_row(day: dt.date, service: str, sku: str, nano: int) -> dict[str, Any]:
    return {
        "billing_account_id": "01ABCD-234567-89EF01",
        "service": {"description": service},
        "sku": {"description": sku},
        "usage_start_time": f"{day} 00:00:00 UTC",
        "project": {"id": "example-shop"},
        "cost": nano / 1e9,
        "currency": "USD",
        "cost_type": "regular",
        "credits": [],
    }


def _days(history: History) -> list[dt.date]:
    today = history.as_of.date()
    return [today - dt.timedelta(days=ago) for ago in range(DAYS, 0, -1)]
