"""Statistics that do not mislead: how many, how sure, of how few nothing, and never why."""

import re
from pathlib import Path
from random import Random

import pytest

import pipeline
from pipeline.compile.contracts import contracts_of
from pipeline.engines import connect
from pipeline.outputs.dashboard.grouped import read_groups
from pipeline.outputs.dashboard.metrics import ALL
from pipeline.outputs.metrics import METRICS, query_metric
from pipeline.outputs.metrics.expressions import Ratio
from pipeline.outputs.metrics.intervals import change_of_ratio, wilson
from tests.outputs.dashboard.marts import developer, fill_marts, usage

OUTPUTS = Path(pipeline.__file__).parent / "outputs"
# What two numbers that go together do not tell.
CAUSES = re.compile(
    r"\b(effects?|impacts?|caus(e|es|ed|ing)|correlat\w+|thanks to|leads? to|because of|due to)\b",
    re.IGNORECASE,
)


def ask(usages, **question):
    with connect(":memory:") as engine:
        agents = [("claude_code", "Claude Code"), ("codex", "Codex")]
        fill_marts(engine, usages=usages, developers=[*map(developer, ("ada", "bo"))], agents=agents)
        return query_metric(engine, "edit_acceptance", **question)


def test_a_share_of_decisions_says_how_many_they_were_and_what_chance_leaves():
    answer = ask(
        [
            usage(edits_accepted=8, edits_rejected=2),
            usage(developer="bo", agent="codex", edits_accepted=80, edits_rejected=20),
        ],
        by="agent",
    ).document()
    few, many = sorted(answer["rows"], key=lambda row: row["decisions"])
    assert few == {
        "agent": "claude_code",
        "value": 80.0,
        "decisions": 10,
        "low": pytest.approx(49.02, abs=0.01),
        "high": pytest.approx(94.33, abs=0.01),
    }
    # The same share, and ten times as many decisions.
    assert (many["value"], many["decisions"]) == (80.0, 100)
    assert few["low"] < many["low"] < 80 < many["high"] < few["high"]
    assert answer["total"]["decisions"] == 110


def test_a_share_of_nothing_has_no_interval_and_says_why():
    (row,) = ask([usage(total_sessions=1)]).rows
    assert (row.value, row.decisions, row.low) == (None, None, None)
    assert row.reason == "no edits that were accepted or rejected"


def test_an_interval_never_leaves_what_a_share_can_be():
    assert wilson(0, 1)[0] == 0.0
    assert wilson(1, 1)[1] == 1.0
    for whole in (1, 2, 7, 1000):
        for part in range(0, whole + 1, max(1, whole // 7)):
            low, high = wilson(part, whole)
            assert 0 <= low <= part / whole <= high <= 1


def test_the_interval_of_a_change_holds_where_nothing_has_changed_nineteen_times_of_twenty():
    draw = Random(7)

    def week():
        counts = [draw.randint(5, 20) for _ in range(7)]
        return [(sum(draw.lognormvariate(0, 1) for _ in range(count)), count) for count in counts]

    intervals = [change_of_ratio(week(), week()) for _ in range(1000)]
    assert 0.92 < sum(low <= 0 <= high for low, high in intervals) / 1000 < 0.98


def test_every_share_that_people_decide_about_is_told_with_its_interval():
    shares = {name for name, metric in METRICS.items() if metric.unit == "percent"}
    told = {
        name
        for name, metric in METRICS.items()
        if isinstance(metric.expression, Ratio) and metric.expression.of_decisions
    }
    assert told == shares == {"edit_acceptance", "suggestion_acceptance"}


def test_a_forecast_is_told_with_its_interval_and_how_many_weeks_it_is_of():
    columns = contracts_of()["fct_budgets"].columns()
    told = ["forecast_usd", "forecast_low_usd", "forecast_high_usd", "forecast_weeks"]
    assert [name for name in columns if name.startswith("forecast")] == told
    page = (OUTPUTS / "dashboard/static/js/views/cost.js").read_text()
    assert all(f"row.{name}" in page for name in told)


def test_of_a_group_below_min_group_no_cohort_is_told():
    with connect(":memory:") as engine:
        people = [f"p{n}" for n in range(5)]
        fill_marts(
            engine,
            usages=[usage(developer=person, total_sessions=1) for person in people],
            developers=[*map(developer, people)],
            agents=[("claude_code", "Claude Code")],
        )
        told = read_groups(engine, 5)
        assert told["developers"] == []  # of whom cohorts are made
        assert set(told["people"]["month"].values()) == {5}
        assert set(read_groups(engine, 6)["people"]["month"].values()) <= {0}
    main = (OUTPUTS / "dashboard/static/js/main.js").read_text()
    assert re.search(r"GROUPED \? groupedTeamView : teamView", main)


def test_nothing_calls_what_goes_together_an_effect():
    texts = {f"metric {name}": f"{metric.label} {metric.meaning}" for name, metric in ALL.items()}
    for table, contract in contracts_of().items():
        if table.startswith(("fct_", "dim_")):
            texts[table] = contract.doc()
            for name, field in contract.to_schema().columns.items():
                texts[f"{table}.{name}"] = field.description or ""
    files = [*(OUTPUTS / "digest/templates").iterdir(), *(OUTPUTS / "dashboard/static/js/views").iterdir()]
    files += [*(OUTPUTS / "dashboard/templates").iterdir(), OUTPUTS / "digest/document.py"]
    texts |= {file.name: file.read_text() for file in files}
    assert {where: CAUSES.search(text)[0] for where, text in texts.items() if CAUSES.search(text)} == {}


def test_every_figure_of_the_page_and_of_metrics_has_its_definition_in_sentences():
    assert [
        name for name, metric in ALL.items() if not re.fullmatch(r"[\w1].*\.", metric.meaning, re.DOTALL)
    ] == []
