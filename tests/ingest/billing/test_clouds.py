"""Bills of whole clouds, of which only what sells models lands; and Cursor's usage events."""

import csv
import datetime as dt
import io
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.errors import IngestError
from pipeline.ingest.billing.ingest import ingest_billing

DAY = dt.date(2026, 3, 10)
COLUMNS = (
    *("provider", "date", "product", "model_name", "unit", "quantity", "gross_nano", "discount_nano"),
    *("net_nano", "currency", "developer_id", "workspace_id", "organization"),
)

BEDROCK = {
    "bill_payer_account_id": "111122223333",
    "line_item_usage_account_id": "444455556666",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": "2026-03-10T05:00:00.000Z",
    "line_item_product_code": "6xk0zw1zkcqhqpqdkl1cnkjk7",
    "line_item_usage_type": "USE1-MP:USE1_InputTokenCount-Units",
    "line_item_usage_amount": "1500",
    "line_item_currency_code": "USD",
    "line_item_unblended_cost": "0.0045",
    "line_item_net_unblended_cost": "0.004",
    "pricing_unit": "Units",
    "product": '{"product_name": "Claude Sonnet 4.5 (Amazon Bedrock Edition)"}',
}
STORAGE = BEDROCK | {"line_item_product_code": "AmazonS3", "product": "{}", "line_item_unblended_cost": "9"}
BEDROCK_LINE = {
    "provider": "aws",
    "date": DAY,
    "product": "USE1-MP:USE1_InputTokenCount-Units",
    "model_name": "claude-sonnet-4-5",
    "unit": "Units",
    "quantity": 1500,
    "gross_nano": 4_500_000,
    "discount_nano": 500_000,
    "net_nano": 4_000_000,
    "currency": "USD",
    "workspace_id": "444455556666",
    "organization": "111122223333",
}

CHARGE = {
    "BilledCost": "0.75",
    "ListCost": "1.00",
    "BillingAccountId": "b1",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargeDescription": "Claude Opus 4.1 input tokens",
    "ChargePeriodStart": "2026-03-10T00:00:00Z",
    "ConsumedQuantity": "1000",
    "ConsumedUnit": "Tokens",
    "ProviderName": "AWS",
    "ServiceName": "Amazon Bedrock",
    "SubAccountId": "s1",
}
CHARGE_LINE = {
    "provider": "aws",
    "date": DAY,
    "product": "Claude Opus 4.1 input tokens",
    "model_name": "claude-opus-4-1",
    "unit": "Tokens",
    "quantity": 1000,
    "gross_nano": 1_000_000_000,
    "discount_nano": 250_000_000,
    "net_nano": 750_000_000,
    "currency": "USD",
    "workspace_id": "s1",
    "organization": "b1",
}

VERTEX = {
    "billing_account_id": "01AB",
    "service": {"id": "C7E2-9256-1C43", "description": "Vertex AI"},
    "sku": {"id": "1", "description": "Gemini 2.5 Pro Text Input - Predictions"},
    "usage_start_time": "2026-03-10 23:00:00 UTC",
    "usage_end_time": "2026-03-11 00:00:00 UTC",
    "project": {"id": "shop", "name": "Shop"},
    "cost": 1.25,
    "currency": "USD",
    "cost_type": "regular",
    "usage": {"amount": "1000000", "unit": "count"},
    "credits": [{"name": "Free trial", "amount": -0.25}, {"name": "Committed use", "amount": -0.5}],
    "invoice": {"month": "202603"},
}
VERTEX_LINE = {
    "provider": "google",
    "date": DAY,
    "product": "Gemini 2.5 Pro Text Input - Predictions",
    "model_name": "gemini-2.5-pro",
    "unit": "count",
    "quantity": 1_000_000,
    "gross_nano": 1_250_000_000,
    "discount_nano": 750_000_000,
    "net_nano": 500_000_000,
    "currency": "USD",
    "workspace_id": "shop",
    "organization": "01AB",
}

EVENT = {
    "timestamp": "1773154800123",  # 2026-03-10 15:00 UTC
    "userEmail": "Dana@Example.com",
    "model": "composer-2.5",
    "kind": "Usage-based",
    "isChargeable": True,
    "tokenUsage": {"inputTokens": 126, "outputTokens": 450, "cacheReadTokens": 424, "totalCents": 20.5},
    "chargedCents": 21.36,
}
EVENT_LINE = {
    "provider": "cursor",
    "date": DAY,
    "product": "Usage-based",
    "model_name": "composer-2.5",
    "unit": "tokens",
    "quantity": 1000,
    "gross_nano": 213_600_000,
    "discount_nano": 0,
    "net_nano": 213_600_000,
    "currency": "USD",
    "developer_id": "dana@example.com",
}


def table(*rows):
    """Rows as CSV."""
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


def lines(*rows):
    return "\n".join(map(json.dumps, rows)).encode()


def parquet(*rows):
    written = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([*rows]), written)
    return written.getvalue()


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        make_missing_raw_tables(engine)
        yield engine


@pytest.fixture
def landed(engine, tmp_path):
    """Rows of raw.billing after an ingest of these files, without what is NULL; files by name, or one."""

    def land(contents):
        files = []
        for name, content in (contents if isinstance(contents, dict) else {"bill": contents}).items():
            (tmp_path / name).write_bytes(content)
            files.append(str(tmp_path / name))
        land.result = ingest_billing(engine, files)
        return current(engine)

    return land


def current(engine):
    """Lines of the version of each scope that landed last, as the models take them."""
    found = engine.fetch(
        f"SELECT {', '.join(COLUMNS)} FROM raw.billing"
        " QUALIFY first_value(version) OVER (PARTITION BY scope ORDER BY id DESC) = version ORDER BY id"
    )
    return [
        {name: value for name, value in zip(COLUMNS, row, strict=True) if value is not None} for row in found
    ]


def test_aws_charges_other_makers_models_as_products_of_the_marketplace(landed):
    assert landed(table(BEDROCK)) == [BEDROCK_LINE]


def test_amazons_own_models_are_of_the_service_and_name_no_model_that_is_known(landed):
    own = {"line_item_product_code": "AmazonBedrock", "line_item_usage_type": "USE1-NovaLite-input-tokens"}
    (row,) = landed(table(BEDROCK | own | {"product": "{}"}))
    assert (row["product"], row.get("model_name")) == ("USE1-NovaLite-input-tokens", None)
    assert landed.result.warnings == (
        "Lines that name no model that is known are compared as other products: 1, such as"
        " USE1-NovaLite-input-tokens.",
    )


def test_parquet_tells_the_same_as_csv(landed):
    """Numbers of Parquet are floats, moments are moments, the product is a map."""
    typed = {
        "line_item_usage_start_date": dt.datetime(2026, 3, 10, 5),
        "line_item_usage_amount": 1500.0,
        "line_item_unblended_cost": 0.0045,
        "line_item_net_unblended_cost": Decimal("0.004"),
    }
    schema = pa.Table.from_pylist([BEDROCK | typed]).schema
    place = schema.get_field_index("product")
    schema = schema.set(place, pa.field("product", pa.map_(pa.string(), pa.string())))
    product = [("product_name", "Claude Sonnet 4.5 (Amazon Bedrock Edition)")]
    written = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([BEDROCK | typed | {"product": product}], schema), written)
    assert landed(written.getvalue()) == [BEDROCK_LINE]


def test_a_credit_of_aws_is_a_discount_and_no_cheaper_price(landed):
    credit = {"line_item_line_item_type": "Credit", "line_item_unblended_cost": "-0.001"}
    (row,) = landed(table(BEDROCK | credit | {"line_item_net_unblended_cost": ""}))
    assert (row["gross_nano"], row["discount_nano"], row["net_nano"]) == (0, 1_000_000, -1_000_000)


def test_tax_is_another_product(landed):
    (row,) = landed(table(BEDROCK | {"line_item_line_item_type": "Tax"}))
    assert (row["product"], row.get("model_name")) == ("Tax", None)


@pytest.mark.parametrize("written", [table, lines, parquet])
def test_focus_however_it_was_written(landed, written):
    assert landed(written(CHARGE)) == [CHARGE_LINE]


@pytest.mark.parametrize(
    ("given", "provider"),
    [
        ({"ProviderName": "Google Cloud", "ServiceName": "Vertex AI"}, "google"),
        ({"ProviderName": "Microsoft", "ServiceName": "Azure OpenAI"}, "azure"),
        ({"ProviderName": "", "PublisherName": "Amazon Web Services, Inc."}, "aws"),
        ({"ProviderName": "Small Cloud"}, "small_cloud"),
    ],
)
def test_focus_names_the_provider(landed, given, provider):
    assert landed(lines(CHARGE | given))[0]["provider"] == provider


def test_google_s_credits_are_discounts(landed):
    assert landed(lines(VERTEX)) == [VERTEX_LINE]


def test_google_s_export_as_parquet(landed):
    moment = dt.datetime(2026, 3, 10, 23, tzinfo=dt.UTC)
    assert landed(parquet(VERTEX | {"usage_start_time": moment})) == [VERTEX_LINE]


def test_claude_on_vertex_is_a_service_called_after_the_model(landed):
    service = {"service": {"description": "Claude Sonnet 4.5"}, "sku": {"description": "Input Tokens"}}
    assert landed(lines(VERTEX | service))[0]["model_name"] == "claude-sonnet-4-5"


def test_rows_of_other_services_are_left_out_counted_and_said(engine, landed):
    assert landed(table(BEDROCK, STORAGE, STORAGE)) == [BEDROCK_LINE]
    assert (landed.result.landed, landed.result.empty) == (1, 2)
    assert landed.result.warnings == ("Rows of services that sell no models are left out: 2, of AmazonS3.",)
    assert engine.fetch("SELECT count(*) FROM raw.billing WHERE net_nano > 1000000000") == [(0,)]


def test_a_bill_of_other_services_alone_is_validly_empty(landed):
    assert landed(lines(VERTEX | {"service": {"description": "Cloud Storage"}})) == []
    assert "left out: 1, of Cloud Storage" in landed.result.warnings[0]


def test_parts_of_one_report_are_one_bill_and_do_not_take_each_other_s_place(landed):
    """As AWS and BigQuery number them."""
    other = BEDROCK | {"line_item_usage_type": "USE1-MP:USE1_OutputTokenCount-Units"}
    assert len(landed({"cur-00001.csv": table(BEDROCK), "cur-00002.csv": table(other)})) == 2
    halves = {f"x00000000000{n}.json": lines(VERTEX | {"cost": n}) for n in (1, 2)}
    assert len([row for row in landed(halves) if row["provider"] == "google"]) == 2


def test_a_part_without_the_first_one_is_said(landed):
    landed({"cur-00002.csv": table(BEDROCK)})
    assert "Parts that are ingested one after the other take each other" in landed.result.warnings[0]


def test_the_same_bill_twice_and_a_corrected_one_never_double(landed):
    assert landed(table(BEDROCK)) == landed({"a copy": table(BEDROCK), "another": table(BEDROCK)})
    corrected = BEDROCK | {"line_item_net_unblended_cost": "0.003"}
    (row,) = landed({"corrected": table(corrected)})
    assert row["net_nano"] == 3_000_000


def test_of_a_file_that_breaks_off_nothing_takes_the_place_of_the_whole_day(engine, landed):
    whole = landed(table(BEDROCK, BEDROCK | {"line_item_usage_amount": "1"}))
    with pytest.raises(IngestError, match="line 3 has 3 fields"):
        landed(table(BEDROCK) + b"1,2,3")
    assert current(engine) == whole
    assert len(whole) == 2


@pytest.mark.parametrize("key", ["usageEvents", "usageEventsDisplay"])
def test_cursor_charges_its_fee_as_well(landed, key):
    assert landed(json.dumps({"totalUsageEventsCount": 1, key: [EVENT]}).encode()) == [EVENT_LINE]


@pytest.mark.parametrize(
    "kind", [{"isChargeable": False}, {"kind": "Included in Business", "isChargeable": None}]
)
def test_what_cursor_s_plan_includes_is_a_discount(landed, kind):
    (row,) = landed(lines(EVENT | kind))
    assert (row["gross_nano"], row["discount_nano"], row["net_nano"]) == (213_600_000, 213_600_000, 0)


def test_an_event_of_cursor_lands_once_from_pages_that_overlap_and_from_csv(landed):
    other = EVENT | {"timestamp": "1773154900123"}
    assert len(landed(json.dumps([{"usageEvents": [EVENT, other]}, {"usageEvents": [EVENT]}]).encode())) == 2
    exported = {
        "Date": "2026-03-10T15:00:00.123Z",
        "User": "dana@example.com",
        "Kind": "On-Demand",
        "Model": "composer-2.5",
        "Total Tokens": "1,000",
        "Cost": "$0.22",
    }
    found = landed(table(exported))
    assert sorted(row["net_nano"] for row in found) == [213_600_000, 220_000_000]


def test_what_members_spend_in_a_cycle_names_no_day_and_is_said(landed):
    spend = {"teamMemberSpend": [{"email": "a@example.com", "spendCents": 5}], "subscriptionCycleStart": 1}
    assert landed(lines(spend)) == []
    assert "not on which day: ask for /teams/filtered-usage-events" in landed.result.warnings[0]


@pytest.mark.parametrize(
    ("bill", "reason"),
    [
        (
            table(BEDROCK | {"line_item_unblended_cost": "lots"}),
            "line 2: line_item_unblended_cost is no number",
        ),
        (
            table(BEDROCK | {"line_item_usage_start_date": "May"}),
            "line_item_usage_start_date is missing, or not",
        ),
        (lines(CHARGE | {"BilledCost": None}), "BilledCost is no number"),
        (lines(VERTEX | {"sku": 5}), "sku is no JSON object"),
        (lines(VERTEX | {"credits": [{"amount": "x"}]}), "credits.amount is no number"),
        (lines(VERTEX | {"usage_start_time": None}), "usage_start_time is missing"),
        (lines(EVENT | {"timestamp": "1e400"}), "timestamp is missing, or not written like"),
        (lines(EVENT | {"timestamp": 10**20}), "timestamp is no millisecond since 1970"),
        (lines(EVENT | {"chargedCents": True}), "chargedCents is no number"),
        (b"PAR1 and no more", "it is no Parquet"),
        (parquet({"a": 1}), "this is no bill that is known"),
    ],
)
def test_what_makes_no_sense_is_one_paragraph_with_its_place(landed, bill, reason):
    with pytest.raises(IngestError) as raised:
        landed(bill)
    assert reason in str(raised.value)
