"""What the configuration says of checks."""

from datetime import timedelta

import pytest

from pipeline.errors import ConfigError
from pipeline.plan import Check, PlanTable
from pipeline.plan.check_settings import freshness, severities


def table(name, *checks, kind="model"):
    return PlanTable(name, "marts", "mart", kind, "A table.", [], [], checks=[*checks])


def check(name, kind="not_null", **more):
    return Check(name, kind, [], "A sentence.", **more)


PEOPLE = table(
    "dim_people",
    check("shape", "shape", proven="made from its contract"),
    check("unique(person)", "unique"),
    check("not_null(person)"),
)
VISITS = table(
    "fct_visits",
    check("not_null(person)", proven="the contract of dim_people", assumes=["dim_people"]),
    check("not_null(day)", proven="never NULL"),
    check("no_gap", "law"),
)


def told(tables, configured):
    return [
        (made.name, check.name, check.severity, check.tolerance, check.proven)
        for made in severities(tables, configured)
        for check in made.checks
    ]


def test_a_configuration_overrides_a_table_and_then_one_of_its_checks():
    assert told([PEOPLE], {"dim_people": "warn", "dim_people.unique(person)": "error 10"}) == [
        ("dim_people", "shape", "error", None, "made from its contract"),
        ("dim_people", "unique(person)", "error", "10", None),
        ("dim_people", "not_null(person)", "warn", None, None),
    ]


@pytest.mark.parametrize(
    "configured", [{"dim_people": "warn"}, {"dim_people.not_null(person)": "error 1%"}], ids=["warn", "1%"]
)
def test_a_check_that_may_fail_is_no_ground_for_a_proof(configured):
    assert told([PEOPLE, VISITS], configured)[3:] == [
        ("fct_visits", "not_null(person)", "error", None, None),
        ("fct_visits", "not_null(day)", "error", None, "never NULL"),
        ("fct_visits", "no_gap", "error", None, None),
    ]


def test_what_is_no_ground_takes_no_proof():
    configured = {"fct_visits.no_gap": "warn 5%", "dim_people": "error"}
    assert told([PEOPLE, VISITS], configured)[3:] == [
        ("fct_visits", "not_null(person)", "error", None, "the contract of dim_people"),
        ("fct_visits", "not_null(day)", "error", None, "never NULL"),
        ("fct_visits", "no_gap", "warn", "5%", None),
    ]


def test_a_severity_that_is_not_understood_is_named():
    with pytest.raises(ConfigError, match="severity of dim_people: maybe is not understood"):
        told([PEOPLE], {"dim_people": "maybe"})


SALES = table(
    "raw_sales",
    check("not_null(id)"),
    Check("fresh", "freshness", [], "At most {{freshness}} old.", "warn", sql="{{freshness_seconds}} < age"),
    kind="source",
)


def test_the_age_of_a_source_is_looked_at_where_a_limit_is_set():
    assert freshness(SALES, None).checks == SALES.checks[:1]
    assert freshness(SALES, timedelta(hours=36)).checks == [
        SALES.checks[0],
        Check("fresh", "freshness", [], "At most 1 day, 12:00:00 old.", "warn", sql="129600 < age"),
    ]
