"""Which lines of bills count."""

import datetime as dt

from tests.models.harness import rows

DAY = dt.date(2026, 3, 10)


def line(number, net, scope="anthropic's day", version="first", **given):
    usual = {"id": number, "provider": "anthropic", "report": "cost", "date": DAY, "currency": "USD"}
    key = {"scope": scope, "version": version, "line": 1}
    return {**usual, **key, "net_nano": net, **given}


def counted(*lines, identities=()):
    found = rows("stg_billing", {"raw_billing": list(lines), "identities": list(identities)})
    return [(row["net_nano"], row["left_out"]) for row in sorted(found, key=lambda row: row["id"])]


def test_a_corrected_report_of_a_day_takes_the_place_of_the_earlier_one_whole():
    later = "a later report tells of it"
    assert counted(
        line(1, 10),
        line(2, 20, line=2),  # which is gone from the correction
        line(3, 11, version="second"),
    ) == [(10, later), (20, later), (11, None)]


def test_a_repeated_line_counts_once():
    assert counted(line(1, 10), line(2, 10)) == [(10, None), (10, "repeated line")]


def test_a_provider_s_estimates_count_only_on_days_without_its_cost_report():
    estimate = {"report": "estimate", "developer_id": "ann"}
    tomorrow = {"date": DAY + dt.timedelta(days=1)}
    assert counted(
        line(1, 10),
        line(2, 9, "ann's day", **estimate),
        line(3, 8, "ann's other day", **estimate, **tomorrow),
    ) == [(10, None), (9, "an estimate of what a cost report charges"), (8, None)]


def test_models_and_people_have_the_names_that_usage_has():
    given = line(1, 5, model_name="us.anthropic.claude-sonnet-4-5-20250929-v1:0", developer_id="octo")
    identity = {"alias": "octo", "developer_id": "ann@example.com"}
    found = rows(
        "stg_billing",
        {"raw_billing": [given], "identities": [identity]},
        *("model_name", "reported_model", "developer_id"),
    )
    assert found == [
        {
            "model_name": "claude-sonnet-4-5",
            "reported_model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "developer_id": "ann@example.com",
        }
    ]
