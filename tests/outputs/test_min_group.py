"""`min_group`: what pages and files show of rows of single people, and that nobody can subtract them."""

import csv
import datetime as dt
import json
import re
import tempfile
from itertools import combinations
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines import connect
from pipeline.errors import ModelError
from pipeline.outputs.dashboard import write_dashboard
from pipeline.outputs.dashboard.grouped import read_groups
from pipeline.outputs.export import export_tables
from schemas.marts import DimDevelopers, FctAgentCosts, FctDailyAgentUsage, FctGitCommits
from schemas.seeds import Budgets, Identities, ModelPrices
from tests.outputs.dashboard.marts import DAY, commit, developer, fill_marts, usage
from tests.outputs.dashboard.test_dashboard import data_of
from tests.outputs.test_export import planned

NEXT = DAY + dt.timedelta(days=1)
AGENTS = [("claude_code", "Claude Code"), ("codex", "Codex"), ("amp", "Amp"), ("pi", "pi")]
PEOPLE = ["ada", "bo", "cy", "di", "ed", "flo", "gus"]


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


def fill(engine, **rows):
    fill_marts(engine, developers=[*map(developer, PEOPLE), developer("unknown")], agents=AGENTS, **rows)


def used(people, **values):
    usual = {"total_sessions": 1, "total_input_tokens": 10, "total_tokens": 10, "total_cost_usd": 1.5}
    return [usage(developer=person, **usual | values) for person in people]


def committed(people, number=0, **values):
    return [commit(number + at, developer=person, **values) for at, person in enumerate(people)]


def rows_of(data, name):
    """The rows of the page, with names for places and without what is NULL or 0."""
    lists = {"day": data["days"], "agent": [one["name"] for one in data["agents"]]}
    lists |= {"model": data["models"], "project": data["projects"], "origin": data["origins"]}
    rows = [dict(zip(data[name]["columns"], row, strict=True)) for row in data[name]["rows"]]
    return [
        {
            column: lists[column][value] if column in lists else value
            for column, value in row.items()
            if (column in lists and value is not None) or value
        }
        for row in rows
    ]


def test_usage_of_few_people_is_among_others_on_the_page(engine):
    fill(
        engine,
        usages=[
            *used(PEOPLE[:4], model="opus"),
            *used(PEOPLE[:3], model="opus", date=NEXT),
            *used(PEOPLE[:3], agent="codex", model="gpt-5"),
            *used(["ada"], agent="amp", model="secret"),
            *used(["unknown"], agent="pi", model="own"),
        ],
    )
    data = read_groups(engine, 3)
    assert rows_of(data, "usage") == [
        {"day": DAY, "agent": "Other agents", "model": "Other models", "sessions": 5, "input": 50}
        | {"nano": 75 * 10**8},
        {"day": DAY, "agent": "Claude Code", "model": "opus", "sessions": 4, "input": 40, "nano": 6 * 10**9},
        {"day": NEXT, "agent": "Claude Code", "model": "opus", "sessions": 3, "input": 30}
        | {"nano": 45 * 10**8},
    ]
    assert data["agents"] == [
        {"id": "claude_code", "name": "Claude Code", "people": 3},
        {"id": "(others)", "name": "Other agents", "people": None},
    ]
    assert (data["models"], data["developers"], data["latest"]["rows"]) == (["opus", "Other models"], [], [])
    assert data["about"]["min_group"] == 3
    assert data["about"]["too_few"] == []


def test_a_day_of_few_people_is_counted_with_the_next(engine):
    fill(engine, usages=[*used(PEOPLE[:2], model="opus"), *used(PEOPLE[2:5], model="opus", date=NEXT)])
    assert rows_of(read_groups(engine, 3), "usage") == [
        {"day": NEXT, "agent": "Claude Code", "model": "opus", "sessions": 5, "input": 50, "nano": 75 * 10**8}
    ]


def test_commits_of_few_people_are_among_others_and_their_cost_is_not_told(engine):
    fill(
        engine,
        usages=used(PEOPLE[:2]),
        commits=[
            *committed(PEOPLE[:4], agent="codex", cost_usd=2.0, lines_changed=7),
            *committed(["ada"], 10, agent="amp"),
            *committed(["bo", "cy"], 20, agent="pi"),
            *committed(PEOPLE[:3], 30),  # ada and bo had used an agent by then, of cy nobody can know
            *committed(["ada", "flo", "gus"], 40, project_id="secret"),
            *committed(["di"], 50, project_id=None),
        ],
    )
    assert rows_of(read_groups(engine, 3), "commits") == [
        {"day": DAY, "origin": "agent", "agent": "Other agents", "project": "shop"}
        | {"commits": 3, "lines": 30},
        {"day": DAY, "origin": "agent", "agent": "Codex", "project": "shop", "commits": 4, "lines": 28},
        {"day": DAY, "origin": "folded", "project": "Other projects", "commits": 4, "lines": 40},
        {"day": DAY, "origin": "folded", "project": "shop", "commits": 3, "lines": 30},
    ]


def test_where_few_people_commit_with_or_without_an_agent_no_commits_are_shown(engine):
    fill(engine, commits=[*committed(PEOPLE, agent="codex"), *committed(["ada", "bo"], 10)])
    data = read_groups(engine, 3)
    assert (data["commits"]["rows"], data["about"]["too_few"]) == ([], ["commits"])


def test_of_too_few_people_nothing_is_shown(engine):
    fill(engine, usages=used(["ada", "bo", "unknown"]), commits=committed(["ada", "bo"]))
    data = read_groups(engine, 3)
    assert data["about"]["too_few"] == ["usage", "commits"]
    assert [data[name] for name in ("days", "agents", "models", "projects")] == [[], [], [], []]
    assert data["people"] == {"day": {}, "week": {}, "month": {}}


def test_without_rows_nobody_is_too_few(engine):
    fill(engine)
    assert read_groups(engine, 3)["about"]["too_few"] == []


def test_numbers_of_people_are_whole_multiples(engine):
    sunday, monday = dt.date(2026, 11, 8), dt.date(2026, 11, 9)
    fill(
        engine,
        usages=[
            *used([*PEOPLE[:5], "unknown"], date=sunday),
            *used(PEOPLE[:2], date=monday),
            *used(PEOPLE, date=DAY, agent="codex"),
        ],
    )
    data = read_groups(engine, 3)
    assert data["people"] == {
        "day": {sunday: 3, DAY: 6},
        "week": {sunday: 3, dt.date(2026, 11, 15): 6},
        "month": {dt.date(2026, 11, 30): 6},
    }
    assert {one["id"]: one["people"] for one in data["agents"]} == {"claude_code": 3, "codex": 6}


def test_budgets_of_people_and_of_agents_that_are_folded_in_the_month_are_left_out(engine):
    scopes = ["all", "agent:claude_code", "agent:codex", "agent:pi", "developer:ada", "team:web"]
    month = DAY.replace(day=1)
    fill(
        engine,
        usages=[
            *used(PEOPLE, agent="pi", date=dt.date(2026, 10, 31)),
            *used(PEOPLE),
            *used(["ada"], agent="codex"),
            *used(PEOPLE[:4], agent="amp"),
        ],
        budgets=[{"scope": scope, "month": month, "budget_usd": 100.0} for scope in scopes],
    )
    assert [one["scope"] for one in read_groups(engine, 3)["budgets"]] == ["agent:claude_code", "all"]


def test_an_export_writes_the_same_groups(engine, tmp_path):
    fill(
        engine,
        usages=[
            *used(PEOPLE[:2], model="opus", total_duration_seconds=0.5, edits_accepted=1, edits_rejected=1),
            *used(PEOPLE[1:], model="opus", date=NEXT, total_cost_usd=None, unpriced_tokens=10),
        ],
        commits=[*committed(PEOPLE, agent="codex"), *committed(PEOPLE[:3], 10, lines_changed=1)],
    )
    tables = [planned(FctDailyAgentUsage), planned(FctGitCommits)]
    done = export_tables(engine, tables, tmp_path, min_group=3)
    assert [pyarrow.parquet.read_table(one.file).to_pylist() for one in done] == [
        [
            {"first_date": DAY, "date": NEXT, "agent_type": "claude_code", "model_name": "opus"}
            | {"developers_at_least": 6, "total_sessions": 8, "total_duration_seconds": 1.0}
            | {"total_input_tokens": 80, "total_output_tokens": 0, "total_cache_creation_tokens": 0}
            | {"total_cache_read_tokens": 0, "total_cost_usd": 3.0, "unpriced_tokens": 60}
            | {"accepted": 2, "decided": 4}
        ],
        [
            {"first_date": DAY, "commit_date": DAY, "origin": "agent", "agent_type": "codex"}
            | {"project_id": "shop", "developers_at_least": 6, "commits": 7, "lines_changed": 70},
            {"first_date": DAY, "commit_date": DAY, "origin": "(others)", "agent_type": None}
            | {"project_id": "shop", "developers_at_least": 3, "commits": 3, "lines_changed": 3},
        ],
    ]


def test_an_export_of_too_few_people_is_a_file_without_rows(engine, tmp_path):
    fill(engine, usages=used(PEOPLE[:2]))
    (done,) = export_tables(engine, [planned(FctDailyAgentUsage)], tmp_path, format="csv", min_group=3)
    with done.file.open(encoding="utf-8", newline="") as file:
        assert [*csv.DictReader(file)] == []
    assert done.rows == 0


def test_tables_of_single_people_are_not_exported(engine, tmp_path):
    fill(engine)
    seeds = [planned(seed) for seed in (Budgets, Identities, ModelPrices)]
    for seed in seeds:
        seed.kind, seed.schema = "seed", "staging"
    tables = [planned(FctDailyAgentUsage), planned(FctAgentCosts), planned(DimDevelopers), *seeds]
    named = r"\(\[privacy\] min_group\): fct_agent_costs, dim_developers, budgets, identities\. "
    with pytest.raises(ModelError, match=named + "`aa-pipeline export` without -s writes"):
        export_tables(engine, tables, tmp_path / "out", min_group=3)
    assert not (tmp_path / "out").exists()


def test_nobody_is_named_on_the_page_or_in_the_files(engine, tmp_path):
    fill(
        engine,
        usages=[*used(PEOPLE), *used(["ada"], agent="pi", model="ada-special")],
        commits=[
            *committed(PEOPLE, agent="codex", commit_message="by ada"),
            *committed(PEOPLE, 10, commit_message="by bo"),
            *committed(["ada"], 20, agent="amp", project_id="ada-project"),
        ],
    )
    page = write_dashboard(engine, tmp_path / "dashboard", min_group=3).file.read_text(encoding="utf-8")
    tables = [planned(FctDailyAgentUsage), planned(FctGitCommits)]
    done = export_tables(engine, tables, tmp_path, format="csv", min_group=3)
    for text in [json.dumps(data_of(page)), *(one.file.read_text() for one in done)]:
        assert not re.search(rf"\b({'|'.join(PEOPLE)}|amp)\b", text)
        assert "by ada" not in text


@st.composite
def facts(draw):
    """Usage and commits; tokens and lines are powers of two, so that a sum tells which rows it is made of."""
    who = st.sampled_from([*PEOPLE, "unknown"])
    day = st.sampled_from([dt.date(2026, 10, 31), DAY, NEXT])
    agent = st.sampled_from([key for key, _ in AGENTS])
    keys = draw(st.lists(st.tuples(who, day, agent, st.sampled_from("mn")), max_size=40, unique=True))
    usages = [
        usage(developer=key[0], date=key[1], agent=key[2], model=key[3], total_input_tokens=1 << at)
        | {"total_tokens": 1 << at}
        for at, key in enumerate(keys)
    ]
    made = draw(
        st.lists(st.tuples(who, day, agent | st.none(), st.sampled_from(["p", "q", None])), max_size=40)
    )
    commits = [
        commit(at, developer=who, date=day, agent=agent, project_id=project, lines_changed=1 << at)
        for at, (who, day, agent, project) in enumerate(made)
    ]
    return usages, commits


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(facts())
def test_no_two_figures_of_page_and_files_can_be_subtracted_to_tell_of_fewer_people(found):
    usages, commits = found
    with tempfile.TemporaryDirectory() as folder, connect(":memory:") as engine:
        fill(engine, usages=usages, commits=commits)
        data = read_groups(engine, 3)
        tables = [planned(FctDailyAgentUsage), planned(FctGitCommits)]
        done = export_tables(engine, tables, Path(folder), min_group=3)
        files = [pyarrow.parquet.read_table(one.file).to_pylist() for one in done]
    labels = ("first_date", "date", "commit_date", "agent_type", "model_name", "agent", "model", "day")
    labels += ("project", "project_id", "origin")
    for figure, rows, published in [
        (("input", "total_input_tokens"), usages, [rows_of(data, "usage"), files[0]]),
        (("lines", "lines_changed"), commits, [rows_of(data, "commits"), files[1]]),
    ]:
        sums = set()
        for table in published:
            for chosen in (c for size in range(4) for c in combinations(labels, size)):
                totals = {}
                for row in table:
                    key = tuple(row.get(label) for label in chosen)
                    totals[key] = totals.get(key, 0) + next(row[name] for name in figure if name in row)
                sums |= set(totals.values())
        for one in sums | {one - other for one in sums for other in sums if one & other == other}:
            people = {row["developer_id"] for at, row in enumerate(rows) if one >> at & 1} - {"unknown"}
            assert one == 0 or len(people) >= 3
