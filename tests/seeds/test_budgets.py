"""Budgets: rows of budgets.csv that mean nothing, or cannot be true together."""

import datetime as dt

import pytest

from pipeline.errors import ConfigError
from pipeline.seeds import csv_files
from pipeline.seeds.budgets import refuse_wrong

MARCH, APRIL, YEAR, NEXT_YEAR = (
    *(dt.date(2026, month, 1) for month in (3, 4, 1)),
    dt.date(2027, 1, 1),
)


@pytest.fixture
def read(compiled, tmp_path):
    """The rows of a project's file."""
    (tmp_path / "seeds").mkdir()

    def read(text):
        (tmp_path / "seeds/budgets.csv").write_text(text)
        return csv_files.rows(compiled().tables["budgets"], tmp_path)

    return read


def budget(scope="all", month=None, usd=5.0, period=None, valid_from=None, valid_to=None):
    return (scope, month, usd, period, valid_from, valid_to)


def refuse(*rows):
    refuse_wrong((f"budgets.csv, line {line}", row) for line, row in enumerate(rows, start=2))


def said(*rows):
    with pytest.raises(ConfigError) as refused:
        refuse(*rows)
    return str(refused.value)


def test_every_kind_of_scope_and_period_is_taken():
    names = ("all", "developer:ada", "agent:codex", "team:Web", "project:octo/a:b", "cost_centre:4711")
    refuse(*(budget(name, MARCH) for name in names))
    refuse(
        budget(valid_from=YEAR, valid_to=MARCH),
        budget(valid_from=APRIL),
        budget(month=MARCH),
        budget(period="year", valid_from=YEAR),
        budget("team:Web", valid_from=MARCH),
    )


@pytest.mark.parametrize(
    ("scope", "meant"),
    [
        ("teams:Web", " Did you mean team?"),
        ("All", " Did you mean all?"),
        ("Web", ""),
        ("team:", ""),
        ("all:x", " Did you mean all?"),
    ],
)
def test_a_scope_of_no_known_kind_names_the_row_and_what_scopes_there_are(scope, meant):
    assert said(budget("all", MARCH), budget(scope, MARCH)) == (
        f"budgets.csv, line 3: scope is {scope!r}. It is all or developer:ID or agent:TYPE or team:NAME or"
        f" project:ID or cost_centre:NAME.{meant}"
    )


def test_a_budget_below_nothing_is_refused():
    assert said(budget(month=MARCH, usd=-1.0)) == (
        "budgets.csv, line 2: budget_usd is -1. A budget is 0 or more."
    )


@pytest.mark.parametrize(
    ("later", "what"),
    [
        (budget(month=MARCH), "2026-03-01"),
        (budget(month=APRIL.replace(day=9)), "2026-04-01"),
        (budget(valid_from=MARCH), "2026-03-01"),
        (budget(period="month", valid_from=APRIL), "2026-04-01"),
    ],
)
def test_two_budgets_of_a_scope_for_the_same_days_name_both_rows(later, what):
    assert said(later, budget(valid_from=YEAR)) == (
        f"budgets.csv, line 2: the budget of all for each month from {what} on overlaps that of"
        f" budgets.csv, line 3. End the earlier one, valid_to {what}, or remove one."
    )


def test_a_month_and_a_year_are_different_budgets():
    refuse(budget(valid_from=YEAR), budget(period="year", valid_from=YEAR))


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (budget(), "either a month"),
        (budget(month=MARCH, valid_from=MARCH), "either a month"),
        (budget(month=MARCH, period="year"), "Write valid_from in place of month"),
        (budget(month=MARCH, valid_to=APRIL), "Write valid_from in place of month"),
        (budget(period="week", valid_from=MARCH), "period is 'week'. It is month or year."),
        (budget(period="year", valid_from=MARCH), "begins and ends on 1 January"),
        (budget(period="year", valid_from=YEAR, valid_to=MARCH), "begins and ends on 1 January"),
        (budget(valid_from=dt.date(2026, 3, 2)), "begins and ends on the first day of a month"),
        (budget(month=dt.date(9999, 12, 1)), "9999-12-01 is no day of a budget"),
        (budget(valid_from=dt.date(206, 1, 1)), "Years are 1970 to 2999"),
        (budget(valid_from=MARCH, valid_to=MARCH), "valid_to 2026-03-01 is not after valid_from"),
    ],
)
def test_days_that_are_of_no_whole_period_are_refused(row, what):
    message = said(row)
    assert message.startswith("budgets.csv, line 2: ")
    assert what in message


def test_a_file_of_months_alone_is_read_as_ever(read):
    assert read("scope,month,budget_usd\nall,2026-03-01,5\nteam:Web,2026-03-01,6\n") == [
        ("all", MARCH, 5.0, None, None, None),
        ("team:Web", MARCH, 6.0, None, None, None),
    ]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("squad:Web,2026-03-01,5", "scope is 'squad:Web'"),
        ("all,2026-03-01,much", "budget_usd is 'much', which is no float64"),
        ("all,2026-03-01,inf", "budget_usd is 'inf', which is no float64"),
        ("agent:codex,2026-03-01,5", "agent:codex, month 2026-03-01 stands in line 2 already"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line(read, tmp_path, line, what):
    with pytest.raises(ConfigError) as refused:
        read(f"scope,month,budget_usd\nagent:codex,2026-03-01,5\n{line}\n")
    assert str(refused.value).startswith(f"{tmp_path / 'seeds/budgets.csv'}, line 3: ")
    assert what in str(refused.value)
