"""AWS: lines of Amazon Bedrock in the Cost and Usage Report 2.0 of Data Exports, CSV or Parquet.

https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html. Models of other makers are
charged as products of the Marketplace, such as `Claude 3 Haiku (Amazon Bedrock Edition)`, whose product code
says nothing. Read on 2026-11-30.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from pipeline.ingest.billing.lines import COST, Line, Other, day_of, given, nano, quantity, text
from pipeline.ingest.billing.models import model_in

PROVIDER = "aws"
LOOKED_FOR = "AWS's Cost and Usage Report 2.0 (CSV or Parquet)"
COLUMNS = {
    *("line_item_usage_start_date", "line_item_product_code", "line_item_unblended_cost"),
    *("line_item_usage_type", "line_item_currency_code"),
}
SERVICE = "bedrock"
# Lines that take something off others; their amounts are negative.
DISCOUNTS = {"BundledDiscount", "Credit", "Discount", "EdpDiscount", "PrivateRateDiscount", "SppDiscount"}
# Lines of no model: what is charged beside usage.
BESIDE = {"Fee", "Tax"}


def is_table(columns: Collection[str]) -> bool:
    """Whether a table with these columns is such a report."""
    return {*columns} >= COLUMNS


def line(row: Mapping[str, Any]) -> Line:
    """A line of Bedrock.

    Raises:
        Other: it is of another service.
        Unusable: its values make no sense.
    """
    code, name = text(row["line_item_product_code"], "line_item_product_code"), _product_name(row)
    if SERVICE not in f"{code} {name}".lower():
        raise Other(name or code or "no service")
    kind = text(row.get("line_item_line_item_type"), "line_item_line_item_type") or "Usage"
    usage = text(row["line_item_usage_type"], "line_item_usage_type")
    gross = nano(row["line_item_unblended_cost"], "line_item_unblended_cost")
    charged = given(row.get("line_item_net_unblended_cost"))
    net = gross if charged is None else nano(charged, "line_item_net_unblended_cost")
    if kind in DISCOUNTS:
        gross = 0
    count = given(row.get("line_item_usage_amount"))
    return Line(
        PROVIDER,
        COST,
        day_of(row["line_item_usage_start_date"], "line_item_usage_start_date"),
        product=kind if kind in BESIDE else usage,
        model_name=None if kind in BESIDE else model_in(name, usage),
        unit=text(row.get("pricing_unit"), "pricing_unit"),
        quantity=None if count is None else quantity(count, "line_item_usage_amount"),
        gross_nano=gross,
        discount_nano=gross - net,
        net_nano=net,
        currency=(text(row["line_item_currency_code"], "line_item_currency_code") or "USD").upper(),
        workspace_id=text(row.get("line_item_usage_account_id"), "line_item_usage_account_id"),
        organization=text(row.get("bill_payer_account_id"), "bill_payer_account_id"),
    )


def scope(one: Line) -> tuple[str | None, ...]:
    """What a report tells whole: an account's day."""
    return one.organization, one.workspace_id, one.date.isoformat()


def _product_name(row: Mapping[str, Any]) -> str | None:
    """The product's name, out of a map of its attributes, which CSV holds as JSON."""
    attributes = row.get("product")
    if isinstance(attributes, str) and attributes.startswith("{"):
        try:
            attributes = json.loads(attributes)
        except ValueError:
            attributes = None
    if not isinstance(attributes, dict):
        attributes = {}
    return text(attributes.get("product_name") or row.get("product_product_name"), "product_name")
