"""The page as a file: what is in it, and that every number of it is described."""

import datetime as dt
import json
import re

import pytest

import schemas.marts
from pipeline.engines import connect
from pipeline.errors import ModelError, SetupError
from pipeline.outputs.dashboard import write_dashboard
from pipeline.outputs.dashboard.metrics import ALL as METRICS
from pipeline.outputs.dashboard.page import SCRIPTS, STATIC, VENDOR
from pipeline.outputs.dashboard.requests import merged_requests
from pipeline.outputs.dashboard.views import VIEWS
from pipeline.system.hidden import visible
from schemas.base import Contract
from tests.full_disk import NEXT, TOO_LARGE, no_file_larger_than
from tests.outputs.dashboard.marts import DAY, HOSTILE, commit, developer, usage, write_marts


@pytest.fixture
def written(tmp_path):
    """Writes the dashboard over handmade marts, and reads it."""

    def write(**rows):
        with connect(str(write_marts(tmp_path / "x.duckdb", **rows)), read_only=True) as engine:
            page = write_dashboard(engine, tmp_path / "dashboard")
        assert page.file.stat().st_size == page.size
        return page.file.read_text(encoding="utf-8")

    return write


def data_of(page):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def test_rows_are_places_in_lists_and_whole_numbers(written):
    data = data_of(
        written(
            usages=[
                usage(total_sessions=2, total_output_tokens=5, total_tokens=5, total_cost_usd=1.25),
                usage(model="gpt-5", total_input_tokens=7, total_tokens=7, total_cost_usd=None),
            ],
            commits=[commit(1, agent="codex", lines_changed=30, cost_usd=0.5), commit(2), commit(3)],
            developers=[developer("ada@example.com", "Ada")],
            agents=[("claude_code", "Claude Code"), ("codex", "Codex")],
        )
    )
    assert data["days"] == ["2026-11-10"]
    assert data["models"] == ["claude-opus-4-6", "gpt-5"]
    assert [dict(zip(data["usage"]["columns"], row, strict=True)) for row in data["usage"]["rows"]] == [
        {"day": 0, "developer": 0, "agent": 0, "model": model, "sessions": sessions, "micros": 0}
        | {"input": sent, "output": output, "creation": 0, "read": 0, "nano": nano, "unpriced": 0}
        | {"commits": 0, "edits_accepted": 0, "edits_decided": 0, "acceptances": 0, "suggestions": 0}
        for model, sessions, sent, output, nano in [(0, 2, 0, 5, 1_250_000_000), (1, 0, 7, 0, None)]
    ]
    assert [dict(zip(data["commits"]["columns"], row, strict=True)) for row in data["commits"]["rows"]] == [
        {"day": 0, "developer": 0, "agent": 1, "project": 0, "method": 2, "size": 0, "origin": 0}
        | {"commits": 1, "lines": 30, "nano": 500_000_000},
        {"day": 0, "developer": 0, "agent": None, "project": 0, "method": 4, "size": 0, "origin": 1}
        | {"commits": 2, "lines": 20, "nano": None},
    ]


def test_bills_are_added_up_by_month_and_provider_and_seats_are_those_that_nobody_uses(written):
    def compared(day, billed, estimated, provider="anthropic"):
        amounts = {"billed_usd": billed, "estimated_usd": estimated, "gap_usd": billed - estimated}
        return {"date": DAY.replace(day=day), "provider": provider, "gross_usd": billed, **amounts}

    def seat(developer, *, is_unused, is_current=True):
        has = {"agent_type": "codex", "provider": "openai", "plan": "business", "usd_per_month": 25.0}
        days = {"first_date": DAY, "last_date": DAY, "last_used_date": DAY.replace(month=9)}
        return {"developer_id": developer, **has, **days, "is_current": is_current} | {
            "is_unused_30_days": is_unused
        }

    data = data_of(
        written(
            bills=[compared(1, 2.5, 2.0), compared(2, 1.0, 2.0), compared(2, 9.0, 9.0, "openai")],
            seats=[
                seat("ada", is_unused=True),
                seat("bob", is_unused=False),
                seat("eve", is_unused=None),
                seat("zoe", is_unused=True, is_current=False),
            ],
            developers=[developer(name, name.title()) for name in ("ada", "bob", "eve", "zoe")],
            agents=[("codex", "Codex")],
        )
    )
    assert data["bills"] == [
        {"month": "2026-11", "provider": "anthropic", "billed": 3.5, "estimated": 4.0},
        {"month": "2026-11", "provider": "openai", "billed": 9.0, "estimated": 9.0},
    ]
    told = {"agent": "Codex", "plan": "business", "usd": 25.0, "last_used": "2026-09-10"}
    assert data["seats"] == [{"developer": "Ada", **told}]


PULLS = """
CREATE TABLE mart.fct_pull_requests AS
SELECT *, 'ada@example.com' AS developer_id, 'codex' AS agent_type FROM (VALUES
    (TIMESTAMPTZ '2026-11-10 09:00Z', 'octo/app', 0.25, 2.0, true),
    (TIMESTAMPTZ '2026-11-10 10:00Z', 'octo/app', NULL, 4.0, NULL),
    (TIMESTAMPTZ '2026-11-10 23:30Z', 'octo/new', 1.0, 1.5, false),
    (NULL, 'octo/app', 9.0, NULL, NULL), (TIMESTAMPTZ '2026-11-09 09:00Z', 'octo/app', 9.0, 1.0, false)
) AS t (merged_at, project_id, cost_usd, hours_to_merge, is_reverted_within_30_days)
"""


def test_merged_requests_are_summed_by_the_day_of_the_configured_zone(tmp_path):
    day = dt.date(2026, 11, 10)
    lists = {"developers": ["ada@example.com"], "projects": ["octo/app"], "agents": ["claude_code", "codex"]}
    with connect(str(write_marts(tmp_path / "x.duckdb"))) as engine:
        assert merged_requests(engine, "UTC", day, lists)["rows"] == []
        engine.execute(PULLS)
        found = merged_requests(engine, "Europe/Berlin", day, lists)
    assert [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]] == [
        {"day": day, "developer": 0, "project": 0, "agent": 1}
        | {"merged": 2, "costed": 1, "nano": 250_000_000, "seconds": 21_600, "reverted": 1},
        {"day": day + dt.timedelta(days=1), "developer": 0, "project": None, "agent": 1}
        | {"merged": 1, "costed": 1, "nano": 1_000_000_000, "seconds": 5_400, "reverted": 0},
    ]


def test_bots_and_the_unknown_are_no_people(written):
    data = data_of(
        written(
            developers=[
                developer("ada@example.com", "Ada"),
                developer("dependabot[bot]"),
                developer("copilot", "Copilot", developer_email="1+copilot[bot]@users.noreply.github.com"),
                developer("unknown"),
            ]
        )
    )
    people = {one["id"]: one["person"] for one in data["developers"]}
    assert people == {
        "ada@example.com": True,
        "dependabot[bot]": False,
        "copilot": False,
        "unknown": False,
    }


def test_nothing_from_the_data_ends_a_script(written):
    page = written(
        usages=[usage(model=HOSTILE)],
        commits=[commit(1, commit_message=HOSTILE, project_id=HOSTILE)],
        developers=[developer("ada@example.com", HOSTILE)],
        agents=[("claude_code", HOSTILE)],
    )
    assert len(re.findall(r"</script>", page)) == 2 + len(VENDOR) + 1
    assert data_of(page)["models"] == [visible(HOSTILE)]


def test_what_reorders_text_is_spelled_out(written):
    name = "ada\u202e\u2066\u061cß"
    page = written(
        commits=[commit(1, commit_message=f"{name} fixed it", project_id=name)],
        developers=[developer("ada@example.com", name)],
    )
    assert not re.search("[\u061c\u202a-\u202e\u2066-\u2069]", page)
    data = data_of(page)
    assert data["developers"][0]["name"] == data["projects"][0] == r"ada\u202e\u2066\u061cß"
    assert r"ada\u202e\u2066\u061cß fixed it" in data["latest"]["rows"][0]


def test_the_policy_lets_only_the_scripts_of_the_page_run(written):
    page = written()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"('sha256-[\w+/=]+' ?)+", rules["script-src"])
    assert not re.search(r'(?:src|href)="https?:', page)


def test_days_that_are_too_many_are_left_out_and_the_page_says_so(written, monkeypatch):
    monkeypatch.setattr("pipeline.outputs.dashboard.data.MOST_ROWS", 3)
    page = written(
        usages=[usage(date=DAY.replace(day=day), model=model) for day in (1, 2, 3) for model in "ab"],
        developers=[developer("ada@example.com")],
        agents=[("claude_code", "Claude Code")],
    )
    assert data_of(page)["about"]["first_day"] == "2026-11-03"
    assert len(data_of(page)["usage"]["rows"]) == 2
    assert "days before 3 November 2026 are in the tables" in page


@pytest.mark.parametrize("there", [True, False])
def test_the_documentation_is_linked_where_there_is_one(written, tmp_path, there):
    (tmp_path / "site").mkdir()
    if there:
        (tmp_path / "site" / "index.html").touch()
    assert ('<a href="../site/index.html">' in written()) == there


def test_a_mart_that_is_not_published_is_named(tmp_path):
    with (
        connect(str(tmp_path / "x.duckdb")) as engine,
        pytest.raises(ModelError, match="fct_daily_agent_usage"),
    ):
        write_dashboard(engine, tmp_path / "dashboard")
    assert not (tmp_path / "dashboard").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    path = write_marts(tmp_path / "x.duckdb")
    (tmp_path / "file").write_text("")
    with connect(str(path)) as engine, pytest.raises(SetupError, match=r"file/index\.html cannot be written"):
        write_dashboard(engine, tmp_path / "file")


def test_a_page_that_does_not_fit_leaves_the_one_before(tmp_path):
    path = write_marts(tmp_path / "x.duckdb")
    with connect(str(path), read_only=True) as engine:
        page = write_dashboard(engine, tmp_path / "dashboard").file
        before = page.read_bytes()
        with (
            no_file_larger_than(10_000),
            pytest.raises(SetupError, match=rf"index\.html cannot be written: {TOO_LARGE}\. {NEXT}"),
        ):
            write_dashboard(engine, tmp_path / "dashboard")
    assert page.read_bytes() == before
    assert [*page.parent.iterdir()] == [page]


def test_a_folder_that_holds_something_else_stays_as_it_is(tmp_path):
    folder = tmp_path / "dashboard"
    page = folder / "index.html"
    folder.mkdir()
    with connect(str(write_marts(tmp_path / "x.duckdb")), read_only=True) as engine:
        for name in ("index.html", "notes.txt"):
            (folder / name).write_text("<title>my own</title>")
            with pytest.raises(SetupError, match="is not empty, and `dashboard` did not make it"):
                write_dashboard(engine, folder)
            assert {file.name: file.read_text() for file in folder.iterdir()} == {
                name: "<title>my own</title>"
            }
            (folder / name).unlink()
        (folder / ".index.html.k7").mkdir()  # what a write leaves that was killed
        write_dashboard(engine, folder)
        first = page.read_bytes()
        (folder / "CNAME").write_text("costs.example.com")
        page.write_bytes(first + b"<!-- as an older release had it -->")
        write_dashboard(engine, folder)
        assert page.read_bytes() == first
    assert (folder / "CNAME").exists()


def test_every_metric_names_columns_that_there_are():
    contracts = {
        contract.table(): contract.columns()
        for contract in vars(schemas.marts).values()
        if isinstance(contract, type) and issubclass(contract, Contract) and contract is not Contract
    }
    for metric in METRICS.values():
        assert metric.columns
        for column in metric.columns:
            table, name = column.split(".")
            assert name in contracts[table]


def test_every_number_of_the_page_has_a_definition_and_every_definition_a_number():
    scripts = "\n".join((STATIC / "js" / f"{name}.js").read_text() for name in SCRIPTS)
    used = set(re.findall(r'"([a-z_0-9]+)"', scripts))
    assert used >= METRICS.keys()
    asked = set(re.findall(r'(?:kpi\(|Kpi\(|declared\(|metric: )"([a-z_0-9]+)"', scripts)) - {"name"}
    assert asked <= METRICS.keys()


def test_the_views_are_those_of_the_scripts():
    main = (STATIC / "js" / "main.js").read_text()
    names = {key: view.name for key, view in VIEWS.items()}
    assert dict(re.findall(r'^  (\w+): \{ name: "(\w+)", draw', main, re.MULTILINE)) == names
