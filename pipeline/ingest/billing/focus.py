"""FOCUS 1.0 to 1.3, the FinOps Foundation's form of bills, which AWS, Google and Microsoft export.

https://focus.finops.org/focus-specification/: a line per charge, `BilledCost` is what the invoice has,
`ListCost` the same at list prices. Version 1.3 calls ProviderName ServiceProviderName. Read on 2026-11-30.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pipeline.ingest.billing.lines import COST, Line, Other, day_of, given, nano, quantity, text
from pipeline.ingest.billing.models import model_in

LOOKED_FOR = "FOCUS 1.x of AWS, Google Cloud and Azure (CSV, Parquet or JSON lines)"
COLUMNS = {"billedcost", "billingcurrency", "chargeperiodstart", "servicename"}
# Services that sell models; clouds have hundreds of others.
SERVICES = re.compile(r"bedrock|vertex ai|gemini|generative language|openai|foundry|claude|anthropic", re.I)
PROVIDERS = {"aws": "aws", "amazon": "aws", "google": "google", "microsoft": "azure", "azure": "azure"}
OF_MODELS = "Usage"  # the charge category that is not Tax, Purchase, Credit or Adjustment


def is_table(columns: Collection[str]) -> bool:
    """Whether a table with these columns is in that form."""
    return {*columns} >= COLUMNS


def line(row: Mapping[str, Any]) -> Line:
    """A charge of a service that sells models.

    Raises:
        Other: it is of another service.
        Unusable: its values make no sense.
    """
    service = text(row["servicename"], "ServiceName")
    if not service or not SERVICES.search(service):
        raise Other(service or "no service")
    described = text(row.get("chargedescription"), "ChargeDescription")
    meter = text(row.get("skumeter"), "SkuMeter") or text(row.get("x_usagetype"), "x_UsageType")
    category = text(row.get("chargecategory"), "ChargeCategory") or OF_MODELS
    net = nano(row["billedcost"], "BilledCost")
    listed = given(row.get("listcost"))
    gross = net if listed is None else nano(listed, "ListCost")
    count = given(row.get("consumedquantity"))
    is_of_models = category in (OF_MODELS, "Credit")
    return Line(
        _provider(row),
        COST,
        day_of(row["chargeperiodstart"], "ChargePeriodStart"),
        product=(meter or described or service) if is_of_models else category,
        model_name=model_in(service, meter, described) if is_of_models else None,
        unit=text(row.get("consumedunit"), "ConsumedUnit"),
        quantity=None if count is None else quantity(count, "ConsumedQuantity"),
        gross_nano=gross,
        discount_nano=gross - net,
        net_nano=net,
        currency=(text(row["billingcurrency"], "BillingCurrency") or "USD").upper(),
        workspace_id=text(row.get("subaccountid"), "SubAccountId"),
        organization=text(row.get("billingaccountid"), "BillingAccountId"),
    )


def scope(one: Line) -> tuple[str | None, ...]:
    """What a report tells whole: an account's day."""
    return one.organization, one.workspace_id, one.date.isoformat()


def _provider(row: Mapping[str, Any]) -> str:
    names = ("serviceprovidername", "providername", "publishername", "invoiceissuername")
    said = next((name for name in (text(row.get(one), one) for one in names) if name), "unknown").lower()
    known = (provider for word, provider in PROVIDERS.items() if word in said)
    return next(known, "_".join(said.split()))
