"""Google Cloud: Cloud Billing's usage cost tables, standard or detailed, as `bq extract` writes them.

https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage: a line per SKU and
hour, `cost` before credits, `credits` with negative amounts. JSON lines or Parquet; a table with nested
columns is never CSV. Read on 2026-11-30.
"""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from pipeline.ingest.billing.lines import (
    COST,
    Line,
    Other,
    day_of,
    decimal,
    given,
    nano,
    object_of,
    objects,
    quantity,
    text,
)
from pipeline.ingest.billing.models import model_in

PROVIDER = "google"
LOOKED_FOR = "Google Cloud Billing's usage cost export (JSON lines or Parquet)"
COLUMNS = {"billing_account_id", "service", "sku", "usage_start_time", "cost", "currency", "credits"}
# Services that sell models. Those of other makers are services of the Marketplace, called after the model.
SERVICES = re.compile(r"vertex ai|gemini|generative language|claude", re.I)
USAGE = "regular"  # the cost type that is not tax, adjustment or rounding_error


def is_table(columns: Collection[str]) -> bool:
    """Whether a table with these columns is such an export."""
    return {*columns} >= COLUMNS


def line(row: Mapping[str, Any]) -> Line:
    """A line of a service that sells models.

    Raises:
        Other: it is of another service.
        Unusable: its values make no sense.
    """
    service = text(object_of(row["service"] or {}, "service").get("description"), "service.description")
    if not service or not SERVICES.search(service):
        raise Other(service or "no service")
    sku = text(object_of(row["sku"] or {}, "sku").get("description"), "sku.description")
    kind = text(row.get("cost_type"), "cost_type") or USAGE
    usage = object_of(row.get("usage") or {}, "usage")
    credits = [given(credit.get("amount")) for credit in objects(row["credits"] or [], "credits")]
    off = sum((decimal(amount, "credits.amount") for amount in credits if amount is not None), Decimal(0))
    gross, discount = nano(row["cost"], "cost"), -nano(off, "credits.amount")
    count = given(usage.get("amount"))
    return Line(
        PROVIDER,
        COST,
        day_of(row["usage_start_time"], "usage_start_time"),
        product=sku if kind == USAGE else kind,
        model_name=model_in(sku, service) if kind == USAGE else None,
        unit=text(usage.get("unit"), "usage.unit"),
        quantity=None if count is None else quantity(count, "usage.amount"),
        gross_nano=gross,
        discount_nano=discount,
        net_nano=gross - discount,
        currency=(text(row["currency"], "currency") or "USD").upper(),
        workspace_id=text(object_of(row.get("project") or {}, "project").get("id"), "project.id"),
        organization=text(row["billing_account_id"], "billing_account_id"),
    )


def scope(one: Line) -> tuple[str | None, ...]:
    """What an export tells whole: a project's day."""
    return one.organization, one.workspace_id, one.date.isoformat()
