"""What providers charge, added up."""

import datetime as dt

from tests.models.harness import rows

DAY = dt.date(2026, 3, 10)


def line(**given):
    return {"date": DAY, "provider": "anthropic", "report": "cost", "currency": "USD", **given}


def test_equal_lines_add_up_to_the_nano_dollar_and_what_is_left_out_does_not_count():
    lines = [
        line(id=1, gross_nano=3, discount_nano=1, net_nano=2, quantity=0.1, workspace_id="w"),
        line(id=2, gross_nano=3, discount_nano=1, net_nano=2, quantity=0.2, workspace_id="w"),
        line(id=3, gross_nano=9, discount_nano=9, net_nano=9, left_out="repeated line"),
    ]
    assert rows("fct_billed", {"stg_billing": lines}) == [
        {
            **dict.fromkeys(("product", "model_name", "developer_id", "api_key_id", "organization")),
            **dict.fromkeys(("account", "cost_centre", "unit")),
            **line(workspace_id="w"),
            "quantity": 0.3,
            "gross_amount": 6e-9,
            "discount_amount": 2e-9,
            "net_amount": 4e-9,
        }
    ]


def test_quantities_without_money_have_no_amount():
    lines = [line(id=1, report="usage", unit="tokens", quantity=5.0, currency=None)]
    found = rows("fct_billed", {"stg_billing": lines}, "quantity", "net_amount")
    assert found == [{"quantity": 5.0, "net_amount": None}]


def test_currencies_are_not_added_to_each_other():
    lines = [line(id=1, net_nano=1_000_000_000), line(id=2, net_nano=2_000_000_000, currency="EUR")]
    found = rows("fct_billed", {"stg_billing": lines}, "currency", "net_amount")
    assert found == [{"currency": "EUR", "net_amount": 2.0}, {"currency": "USD", "net_amount": 1.0}]
