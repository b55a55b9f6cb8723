"""Bills: every provider's format gives rows of raw.billing, and a line is charged once."""

import codecs
import datetime as dt
import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.engines import connect
from pipeline.errors import IngestError
from pipeline.ingest.billing.ingest import ingest_billing
from pipeline.ingest.billing.lines import Unusable, nano

DAY = dt.date(2026, 3, 10)

COST = {
    "currency": "USD",
    "amount": "123.78912",
    "workspace_id": "wrkspc_1",
    "description": "Claude Sonnet 4.5 Usage - Input Tokens",
    "cost_type": "tokens",
    "context_window": "0-200k",
    "model": "claude-sonnet-4-5-20250929",
    "service_tier": "standard",
    "token_type": "uncached_input_tokens",
}
MESSAGES = {
    "uncached_input_tokens": 1500,
    "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
    "cache_read_input_tokens": 200,
    "output_tokens": 700,
    "server_tool_use": {"web_search_requests": 10},
    "api_key_id": "apikey_1",
    "workspace_id": "wrkspc_1",
    "model": "claude-sonnet-4-5",
}
CLAUDE_CODE = {
    "date": "2026-03-10T00:00:00Z",
    "actor": {"type": "user_actor", "email_address": "Ann@Example.com"},
    "organization_id": "org-1",
    "customer_type": "api",
    "terminal_type": "vscode",
    "core_metrics": {"num_sessions": 5},
    "model_breakdown": [
        {
            "model": "claude-sonnet-4-5",
            "tokens": {"input": 100, "output": 35, "cache_read": 10, "cache_creation": 5},
            "estimated_cost": {"currency": "USD", "amount": 186},
        }
    ],
}
REPORT = (
    "date,username,product,sku,model,quantity,unit_type,applied_cost_per_quantity,gross_amount,"
    "discount_amount,net_amount,organization,cost_center_name\n"
    "2026-03-10,octoCat,copilot,copilot_ai_credit,Claude Sonnet 4.5,12.5,ai-credits,0.01,0.125,0.025,0.10,"
    "acme,Platform\n"
)


def bucket(*results, day=DAY, **given):
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    end = start + dt.timedelta(days=1)
    return {"starting_at": start.isoformat(), "ending_at": end.isoformat(), "results": [*results], **given}


def page(*entries, has_more=False):
    return {"data": [*entries], "has_more": has_more, "next_page": None}


def openai_bucket(*results, day=DAY, seconds=86_400):
    start = (day - dt.date(1970, 1, 1)).days * 86_400
    times = {"start_time": start, "end_time": start + seconds}
    return {"object": "bucket", **times, "results": [*results]}


def openai_cost(value, **given):
    amount = {"value": value, "currency": "usd"}
    return {"object": "organization.costs.result", "amount": amount, "project_id": "proj_1", **given}


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


@pytest.fixture
def landed(engine, tmp_path):
    """Rows of raw.billing after ingests of these files, without bookkeeping and what is NULL."""

    def land(*contents, **options):
        files = []
        for number, content in enumerate(contents):
            file = tmp_path / f"bill-{number}"
            if isinstance(content, str):
                content = content.encode()
            file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
            files.append(str(file))
        land.result = ingest_billing(engine, files, **options)
        return told(engine)

    return land


def told(engine):
    columns = [
        *("provider", "report", "date", "product", "model_name", "unit", "quantity", "gross_nano"),
        *("discount_nano", "net_nano", "currency", "developer_id", "workspace_id", "api_key_id"),
        *("organization", "cost_centre", "account"),
    ]
    found = engine.fetch(f"SELECT {', '.join(columns)} FROM raw.billing ORDER BY id")
    return [
        {name: value for name, value in zip(columns, row, strict=True) if value is not None} for row in found
    ]


def test_anthropic_s_amounts_are_decimal_cents(landed):
    assert landed(page(bucket(COST))) == [
        {
            "provider": "anthropic",
            "report": "cost",
            "date": DAY,
            "product": "uncached_input_tokens",
            "model_name": "claude-sonnet-4-5-20250929",
            "gross_nano": 1_237_891_200,
            "discount_nano": 0,
            "net_nano": 1_237_891_200,
            "currency": "USD",
            "workspace_id": "wrkspc_1",
        }
    ]


def test_anthropic_s_usage_has_quantities_and_no_money(landed):
    found = landed(page(bucket(MESSAGES)))
    assert {row["product"]: (row["unit"], row["quantity"]) for row in found} == {
        "uncached_input_tokens": ("tokens", 1500),
        "ephemeral_1h_input_tokens": ("tokens", 1000),
        "ephemeral_5m_input_tokens": ("tokens", 500),
        "cache_read_input_tokens": ("tokens", 200),
        "output_tokens": ("tokens", 700),
        "web_search_requests": ("requests", 10),
    }
    assert not any("net_nano" in row for row in found)
    assert {row["report"] for row in found} == {"usage"}


def test_claude_code_s_report_names_people_and_estimates(landed):
    assert landed(page(CLAUDE_CODE)) == [
        {
            "provider": "anthropic",
            "report": "estimate",
            "date": DAY,
            "product": "claude_code_api",
            "model_name": "claude-sonnet-4-5",
            "unit": "tokens",
            "quantity": 150,
            "gross_nano": 1_860_000_000,
            "discount_nano": 0,
            "net_nano": 1_860_000_000,
            "currency": "USD",
            "developer_id": "ann@example.com",
            "organization": "org-1",
        }
    ]


def test_what_a_subscription_covers_is_no_charge(landed):
    (row,) = landed(page(CLAUDE_CODE | {"customer_type": "subscription"}))
    assert (row["product"], row["quantity"], row.get("net_nano")) == ("claude_code_subscription", 150, None)


def test_openai_s_costs_are_read_without_floats(landed):
    (row,) = landed(json.dumps(page(openai_bucket(openai_cost(0.1, line_item="gpt-5.3-codex, input")))))
    assert row == {
        "provider": "openai",
        "report": "cost",
        "date": DAY,
        "product": "input",
        "model_name": "gpt-5.3-codex",
        "gross_nano": 100_000_000,
        "discount_nano": 0,
        "net_nano": 100_000_000,
        "currency": "USD",
        "workspace_id": "proj_1",
    }


def test_openai_s_input_includes_what_was_cached(landed):
    usage = {
        "object": "organization.usage.completions.result",
        "input_tokens": 1000,
        "input_cached_tokens": 800,
        "output_tokens": 500,
        "num_model_requests": 5,
        "model": "gpt-5.3-codex",
        "user_id": "user-1",
    }
    found = landed(page(openai_bucket(usage)))
    assert {row["product"]: row["quantity"] for row in found} == {
        "input": 200,
        "cached input": 800,
        "output": 500,
    }
    assert {row["developer_id"] for row in found} == {"user-1"}


GITHUB = {
    "provider": "github",
    "report": "cost",
    "date": DAY,
    "product": "copilot_ai_credit",
    "model_name": "claude-sonnet-4.5",
    "unit": "ai-credits",
    "quantity": 12.5,
    "gross_nano": 125_000_000,
    "discount_nano": 25_000_000,
    "net_nano": 100_000_000,
    "currency": "USD",
    "developer_id": "octocat",
    "organization": "acme",
    "cost_centre": "Platform",
}


@pytest.mark.parametrize(
    "written",
    [
        REPORT.encode(),
        codecs.BOM_UTF8 + REPORT.replace("\n", "\r\n").encode(),
        REPORT.encode("utf-16"),
        REPORT.replace(",", ";").replace("0.", "0,").replace("12.5", "12,5").encode(),
        REPORT.replace(",", "\t").encode(),
        gzip.compress(REPORT.encode()),
    ],
    ids=["plain", "bom", "utf-16", "semicolons and decimal commas", "tabs", "gzip"],
)
def test_github_s_report_however_it_was_saved(landed, written):
    assert landed(written) == [GITHUB]


def test_the_same_bill_twice_and_overlapping_pages_land_once(landed):
    tomorrow = bucket(COST, day=DAY + dt.timedelta(days=1))
    bills = [page(bucket(COST), tomorrow), page(tomorrow)]
    first = landed(*bills)
    assert len(first) == 2
    assert landed(*bills) == first
    assert (landed.result.landed, landed.result.duplicates) == (0, 3)


def test_equal_lines_of_one_bill_are_charged_twice(landed):
    assert len(landed(page(bucket(COST, COST)))) == 2


def test_a_corrected_bill_lands_whole_beside_the_earlier_one(engine, landed):
    other = COST | {"model": "claude-opus-4-1"}
    landed(page(bucket(COST, other)))
    landed(page(bucket(COST, other | {"amount": "1"})))
    versions = engine.fetch("SELECT count(*) FROM raw.billing GROUP BY scope, version")
    assert versions == [(2,), (2,)]
    assert engine.fetch("SELECT count(DISTINCT scope) FROM raw.billing") == [(1,)]


def test_bills_of_two_accounts_stand_beside_each_other(engine, landed):
    landed(page(bucket(COST)), account="Research")
    landed(page(bucket(COST)), account="Product")
    assert engine.fetch("SELECT count(DISTINCT scope) FROM raw.billing") == [(2,)]


@pytest.mark.parametrize(
    "written",
    [
        "\n".join(json.dumps(bucket(COST, day=DAY + dt.timedelta(days=n))) for n in range(3)),
        "".join(json.dumps(page(bucket(COST, day=DAY + dt.timedelta(days=n))), indent=1) for n in range(3)),
        json.dumps([page(bucket(COST, day=DAY + dt.timedelta(days=n))) for n in range(3)]),
    ],
    ids=["lines", "pages one after the other", "a list of pages"],
)
def test_pages_however_they_were_put_together(landed, written):
    assert len(landed(written)) == 3


def test_a_bill_that_goes_on_is_said(landed):
    landed(page(bucket(COST), has_more=True))
    assert "Ask for next_page" in landed.result.warnings[0]
    landed(page(bucket(COST), has_more=True), page(bucket(COST, day=DAY + dt.timedelta(days=1))))
    assert landed.result.warnings == ()


def test_other_currencies_are_said(landed):
    (row,) = landed(page(bucket(COST | {"currency": "EUR"})))
    assert row["currency"] == "EUR"
    assert "Lines in EUR stay in their currency" in landed.result.warnings[0]


def test_credits_and_refunds_are_negative(landed):
    assert landed(page(bucket(COST | {"amount": "-250"})))[0]["net_nano"] == -2_500_000_000


@pytest.mark.parametrize(
    ("bill", "reason"),
    [
        (page(bucket(COST | {"amount": "NaN"})), "amount is no number"),
        (page(bucket(COST | {"amount": None})), "amount is no number"),
        (page(bucket(COST | {"amount": True})), "amount is no number"),
        (page(bucket(COST | {"amount": {"value": 1}})), "amount is no number"),
        (page(bucket(COST | {"amount": "1e400"})), "amount is more than any bill says"),
        (page(bucket(COST | {"model": 7})), "model is no text"),
        (page(bucket("free")), "results is no list of JSON objects"),
        (page(bucket({"tokens": 5})), "results hold neither an amount nor uncached_input_tokens"),
        (page(bucket(MESSAGES | {"output_tokens": "many"})), "output_tokens is no number"),
        (page(bucket(COST, starting_at="yesterday")), "starting_at is missing, or not written like"),
        (page(bucket(COST, starting_at="2026-03-10T01:00:00Z")), "starting_at is not where a day of UTC"),
        (page(bucket(COST, ending_at="2026-04-10T00:00:00Z")), "ending_at is not one day after its start"),
        (page(CLAUDE_CODE | {"model_breakdown": None}), "model_breakdown is no list of JSON objects"),
        (page(openai_bucket(openai_cost("lots"))), "amount.value is no number"),
        (page(openai_bucket(openai_cost(1), seconds=3600)), "are not one day of UTC"),
        (page(openai_bucket({"object": "organization.usage.images.result"})), "not organization.costs"),
        ({"error": {"message": "invalid x-api-key"}}, "the API answered with: invalid x-api-key"),
        ('{"data": [NaN]}', "NaN is no number of JSON"),
        ("[" * 100_000, "is no JSON"),
        ('{"data": [', "line 1 is no JSON"),
        (b"\xff\x00\xfe", "no UTF-8 text"),
        ("hello", "this is no bill that is known"),
        ([1, "two", None], "this is no JSON object"),
        ({"object": "list", "data": [{"id": "x"}]}, "this is no bill that is known"),
        (REPORT.replace("0.125", "1e400"), "line 2: gross_amount is more than any bill says"),
        (REPORT.replace("0.125", "$0.125"), "line 2: gross_amount is no number"),
        (REPORT.replace("2026-03-10", "10/03/26"), "line 2: date is missing, or not written like"),
        (REPORT.replace(",Platform", ""), "line 2 has 12 fields, the first line 13"),
        (REPORT.replace("model,", "repository,"), "names no model: download the AI usage report"),
    ],
)
def test_what_is_no_bill_is_one_paragraph_with_its_place(landed, bill, reason):
    with pytest.raises(IngestError) as raised:
        landed(bill)
    said = str(raised.value)
    assert reason in said
    assert "bill-0" in said
    assert "What is read: Anthropic's cost_report" in said


def test_a_bad_line_is_put_aside_and_the_rest_lands(engine, landed):
    bad = REPORT.partition("\n")[2].replace("0.125", "much")
    assert landed(REPORT + bad) == [GITHUB]
    assert engine.fetch("SELECT line, reason FROM meta.quarantine") == [(3, "gross_amount is no number")]


def test_an_amount_is_rounded_to_the_nearest_billionth():
    assert nano("0.0000000005", "amount") == 0  # half to even
    assert nano("0.0000000015", "amount") == 2
    assert nano("1e-999999", "amount") == 0
    assert nano("1.005", "amount", 2) == 10_050_000


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.lists(st.integers())))
def test_anything_as_an_amount_is_an_amount_or_said(value):
    try:
        found = nano(value, "amount")
    except Unusable:
        return
    assert -(2**63) <= found < 2**63
