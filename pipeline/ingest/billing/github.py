"""GitHub's AI usage report and the premium request usage report before it, as CSV.

https://docs.github.com/en/billing/reference/billing-reports: a line per UTC day, model and person, in US
dollars, with gross_amount - discount_amount = net_amount. Read on 2026-11-30.
"""

from collections.abc import Collection, Mapping
from typing import Any

from pipeline.ingest.billing.lines import COST, Line, Unusable, day, nano, person, quantity, text

PROVIDER = "github"
LOOKED_FOR = "GitHub's AI usage report or premium request usage report (CSV)"
COLUMNS = {"date", "model", "quantity", "gross_amount", "discount_amount", "net_amount"}
METERED = {"date", "sku", "quantity", "gross_amount", "net_amount"}


def is_table(columns: Collection[str]) -> bool:
    """Whether a table with these columns is such a report.

    Raises:
        Unusable: it is the one of all metered products.
    """
    there = {*columns}
    if there >= METERED and "model" not in there:
        raise Unusable(
            "this is GitHub's metered usage report, which names no model: download the AI usage report"
        )
    return there >= COLUMNS


def line(row: Mapping[str, Any]) -> Line:
    """A line of the report.

    Raises:
        Unusable: its values make no sense.
    """
    gross, discount, net = (
        nano(row[name], name) for name in ("gross_amount", "discount_amount", "net_amount")
    )
    model = (text(row["model"], "model") or "").removeprefix("Auto: ")
    return Line(
        PROVIDER,
        COST,
        day(row["date"], "date"),
        product=text(row.get("sku"), "sku") or text(row.get("product"), "product"),
        model_name="-".join(model.lower().split()) or None,
        unit=text(row.get("unit_type"), "unit_type"),
        quantity=quantity(row["quantity"], "quantity"),
        gross_nano=gross,
        discount_nano=discount,
        net_nano=net,
        currency="USD",
        developer_id=person(row.get("username"), "username"),
        organization=text(row.get("organization"), "organization"),
        cost_centre=text(row.get("cost_center_name"), "cost_center_name"),
    )


def scope(one: Line) -> tuple[str | None, ...]:
    """What a report tells whole: an organisation's day and product."""
    return one.organization, one.date.isoformat(), one.product
