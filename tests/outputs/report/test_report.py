"""The report of a run in five formats: complete, and safe whatever the values contain."""

import datetime as dt
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from pipeline.engines import connect, meta
from pipeline.errors import SelectionError, SetupError
from pipeline.outputs.report import FORMATS, html, markdown, read_report, render, text
from pipeline.outputs.report.document import SCHEMA
from pipeline.plan.check_results import STATUSES
from pipeline.run.record import record
from pipeline.run.results import RunResult, TableResult
from tests.outputs.report.conftest import DAYS, HOSTILE, result


@pytest.fixture(scope="session")
def report(audited):
    return read_report(audited)


@pytest.fixture(scope="session")
def first(audited):
    return read_report(audited, "20260301T")


def test_last_run_is_reported_unless_another_is_named(report, first):
    assert report.started_at == DAYS[2]
    assert first.started_at == DAYS[0]


def test_tables_come_by_layer_and_checks_worst_first(report):
    found = {
        layer: [(table.name, [check.status for check in table.checks]) for table in tables]
        for layer, tables in report.layers.items()
    }
    assert found == {
        "raw": [("raw_git_commits", ["warned"])],
        "seeds": [("agents", ["passed"])],
        "staging": [("stg_git_commits", ["proven", "skipped"])],
        "marts": [("fct_git_commits", ["failed", "passed"])],
    }


def test_headline_says_it_in_a_sentence(report, first):
    assert report.headline == "1 of 5 checks failed, 1 warned. 1 could not be run."
    assert first.headline == "All 5 checks passed. 1 could not be run."


def test_history_tells_since_when_a_check_fails(report):
    (check, *_) = report.tables[-1].checks
    assert [(past.started_at, past.status, past.failures) for past in check.history] == [
        (DAYS[0], "passed", 0),
        (DAYS[1], "failed", 2),
        (DAYS[2], "failed", 2),
    ]
    assert check.failing_since == DAYS[1]


def test_report_of_an_old_run_does_not_know_what_came_later(first):
    assert [run.started_at for run in first.trend] == [DAYS[0]]


def test_unknown_run_is_an_error_that_names_the_last_ones(audited):
    with pytest.raises(SelectionError, match="There is no audited run 1999"):
        read_report(audited, "1999")
    with pytest.raises(SelectionError, match="3 runs begin with 2026"):
        read_report(audited, "2026")


def test_database_without_runs_says_what_to_do():
    with connect(":memory:") as engine, pytest.raises(SetupError, match="aa-pipeline build"):
        read_report(engine)


def test_text(first):
    lines = render(first, "text").splitlines()
    assert lines[0] == "All 5 checks passed. 1 could not be run."
    assert lines[1].startswith("build of duckdb://shop.duckdb, 2026-03-01 12:00:00 UTC, 1.2 s, run ")
    assert lines[2:] == [
        "",
        "raw",
        "✓ raw_git_commits        1,300 rows  1 passed",
        "",
        "seeds",
        "✓ agents                     9 rows  1 passed",
        "",
        "staging",
        "✓ stg_git_commits        1,200 rows  1 proven, 1 skipped",
        "",
        "marts",
        "✓ fct_git_commits        1,200 rows  2 passed",
    ]


def test_text_shows_what_failed_first(report):
    text = render(report, "text")
    problem = text[: text.index("\nraw\n")].splitlines()
    assert problem[3] == "✗ fct_git_commits: isin(commit_size)"
    assert problem[5] == "  2 of 1,200 rows."
    assert problem[6] == "  Failing since 2026-03-02 12:00 UTC."
    assert "! raw_git_commits: not_null(id)" in problem


def test_what_is_counted_is_told_in_words(report):
    check = report.tables[-1].checks[0]
    told = [
        replace(check, **changed).counted
        for changed in (
            {},
            {"tolerance": "1%"},
            {"failures": 1, "row_count": None},
            {"kind": "law", "failures": 1},
            {"kind": "shape", "failures": 2},
            {"failures": None},
        )
    ]
    assert told == [
        "2 of 1,200 rows",
        "2 of 1,200 rows, 1% allowed",
        "1 row",
        "1 difference",
        "2 problems",
        "",
    ]


def test_text_has_colour_only_where_asked(report):
    assert "\x1b" not in render(report, "text")
    assert "\x1b[31m✗\x1b[0m" in render(report, "text", colour=True)


def test_terminal_never_gets_control_characters_from_values(report):
    text = render(report, "text", colour=True)
    assert not re.search("[\x00\u202e\u061c]", text)
    assert set(re.findall("\x1b.*?m", text)) <= {f"\x1b[{n}m" for n in (0, 1, 2, 31, 32, 33)}
    assert r"\x1b[31m" in text


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


def test_page_shows_values_as_text(report):
    page = Page(render(report, "html"))
    assert "script" not in page.tags
    assert any("<script>alert(1)</script>" in text for text in page.texts)
    assert not re.search("[\x00\x1b\u202e\u061c]", "".join(page.texts))


def test_page_loads_nothing_and_runs_nothing(report):
    page = Page(render(report, "html"))
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert [name for name, _ in page.attributes if name.startswith("on") or name == "src"] == []
    assert "url(" not in render(report, "html")


def test_page_names_every_table_and_check(report):
    texts = Page(render(report, "html")).texts
    for table in report.tables:
        assert table.name in texts
        assert {check.audit for check in table.checks} <= set(texts)


def test_page_of_a_run_with_nothing_wrong_says_so(first):
    assert "Nothing needs attention." in Page(render(first, "html")).texts


@pytest.mark.slow
def test_json_keeps_its_schema(report, first):
    import jsonschema  # takes seconds: it builds the grammars of every format

    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for document in (report, first):
        jsonschema.validate(json.loads(render(document, "json")), schema)


def test_every_status_has_its_mark_and_its_place_in_the_schema():
    assert json.loads(SCHEMA.read_text())["$defs"]["status"]["enum"] == [*STATUSES]
    for shown in (markdown.MARKS, text.MARKS, text.COLOURS, html.WORDS):
        assert shown.keys() == {*STATUSES}


def test_json_of_a_check(report):
    document = json.loads(render(report, "json"))
    check = document["tables"][-1]["checks"][0]
    history = check.pop("history")
    assert [past["status"] for past in history] == ["passed", "failed", "failed"]
    assert check == {
        "audit": "isin(commit_size)",
        "kind": "isin",
        "columns": ["commit_hash"],
        "severity": "error",
        "status": "failed",
        "failures": 2,
        "row_count": 1200,
        "tolerance": None,
        "description": f"commit_size is one of small, {HOSTILE}.",
        "proven": None,
        "examples": [
            {
                "commit_hash": "c0ffee",
                "commit_message": "*** (13 characters)",
                "commit_size": HOSTILE,
            },
            {"commit_hash": "beef", "commit_size": None, "author_email": "a***@example.com"},
        ],
        "failing_since": "2026-03-02T12:00:00Z",
    }


def test_junit_has_a_case_for_every_check(report):
    root = ElementTree.fromstring(render(report, "junit"))
    assert root.attrib | {"time": ""} == {
        "name": "aa-pipeline",
        "tests": "6",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "",
    }
    cases = {
        (case.get("classname"), case.get("name")): [child.tag for child in case]
        for case in root.iter("testcase")
    }
    assert cases == {
        ("raw.raw_git_commits", "not_null(id)"): ["system-err"],
        ("seeds.agents", "unique(agent_type)"): [],
        ("staging.stg_git_commits", "unique(commit_hash)"): ["system-out"],
        ("staging.stg_git_commits", "references(developer_id)"): ["skipped"],
        ("marts.fct_git_commits", "isin(commit_size)"): ["failure"],
        ("marts.fct_git_commits", "not_null(author_name)"): [],
    }


def test_junit_holds_values_that_xml_cannot(report):
    root = ElementTree.fromstring(render(report, "junit"))
    failure = root.find(".//failure")
    assert "<script>alert(1)</script>" in failure.get("message")
    assert r"\x00" in failure.text
    assert not re.search("[\u202e\u061c]", "".join(root.itertext()) + failure.get("message"))


def test_markdown_neither_formats_nor_mentions(report):
    text = render(report, "markdown")
    assert text.startswith("### ❌ 1 of 5 checks failed, 1 warned. 1 could not be run.\n")
    assert "<script" not in text.replace(r"\<script", "")
    assert not re.search(r"(?<!\\)@everyone|(?<!\\)\*\*bold", text)


@pytest.mark.parametrize("format", FORMATS)
def test_people_and_their_words_are_masked(report, format):
    text = render(report, format)
    assert "private words" not in text
    assert "ada@example.com" not in text


def test_instants_are_told_in_utc(report):
    assert all(run.started_at.utcoffset() == dt.timedelta(0) for run in report.trend)


def tables_by_layer(run):
    with connect(":memory:") as engine:
        meta.ensure(engine)
        record(engine, run)
        return {
            layer: [table.name for table in tables] for layer, tables in read_report(engine).layers.items()
        }


def test_a_run_of_test_alone_shows_each_table_in_its_layer_whatever_its_name():
    run = RunResult("test", DAYS[0], "duckdb://shop.duckdb", "f1", "0.1.0", started_at=DAYS[0])
    run.audits = [result(name, "holds", "passed", 0) for name in ("headcount", "agents", "orders")]
    run.layers = {"headcount": "meta", "agents": "seeds", "orders": "marts"}
    assert tables_by_layer(run) == {"seeds": ["agents"], "marts": ["orders"], "meta": ["headcount"]}


def test_layers_of_a_run_that_an_earlier_release_recorded_are_told_by_schema_and_name():
    run = RunResult("build", DAYS[0], "duckdb://shop.duckdb", "f1", "0.1.0", started_at=DAYS[0])
    run.tables = [TableResult("headcount", "meta", "headcount", "full", "first build")]
    names = ("headcount", "agents", "stg_orders", "int_orders", "dim_people", "raw_otel_logs")
    run.audits = [result(name, "holds", "passed", 0) for name in names]
    assert tables_by_layer(run) == {
        "raw": ["raw_otel_logs"],
        "seeds": ["agents"],
        "staging": ["stg_orders"],
        "intermediate": ["int_orders"],
        "marts": ["dim_people"],
        "meta": ["headcount"],
    }


@pytest.mark.parametrize("format", FORMATS)
def test_rows_of_single_people_are_not_shown_where_groups_have_a_least_size(audited, report, format):
    private = ("c0ffee", "beef")
    assert all(word in render(report, format) for word in private)
    assert "Rows that failed" not in render(report, format)
    without = read_report(audited, min_group=5)
    text = render(without, format)
    assert not [word for word in private if word in text]
    assert "Rows that failed are not shown, since they tell of fewer than 5 people" in text
    assert without.headline == report.headline


def test_json_says_why_there_are_no_rows(audited):
    import jsonschema

    document = json.loads(render(read_report(audited, min_group=5), "json"))
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert "note" not in json.loads(render(read_report(audited), "json"))
