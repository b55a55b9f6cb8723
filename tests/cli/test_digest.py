"""`digest` from the command line."""

import json

import pytest


def test_a_week_is_named_by_its_number_or_any_of_its_days(company, run, monkeypatch):
    monkeypatch.chdir(company)
    weeks = {
        name: json.loads(run(f"digest --week {name} --format json").stdout)["week"]
        for name in ("2026-W45", "2026-11-02", "2026-11-08")
    }
    assert set(weeks.values()) == {"2026-W45"}


@pytest.mark.parametrize("week", ["45", "2026-W60", "yesterday"])
def test_what_is_no_week_is_said(company, run, monkeypatch, week):
    monkeypatch.chdir(company)
    assert "is no week, such as 2026-W48" in run(f"digest --week {week}", expect=2).output


def test_it_is_written_where_one_says(company, run, monkeypatch, tmp_path):
    monkeypatch.chdir(company)
    file = tmp_path / "week.html"
    assert run("digest", "--week", "2026-W45", "-o", str(file)).stderr == f"Wrote {file}.\n"
    assert file.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("output_format", ["html", "markdown", "json"])
def test_only_what_it_wrote_is_written_over(company, run, monkeypatch, tmp_path, output_format):
    monkeypatch.chdir(company)
    file = tmp_path / "notes"
    words = ["digest", "--week", "2026-W45", "--format", output_format, "-o", str(file)]
    file.write_text("mine, and about aa-pipeline")
    assert "is there, and `digest` did not make it" in run(*words, expect=2).output
    assert file.read_text() == "mine, and about aa-pipeline"
    file.write_text("")
    run(*words)
    first = file.read_text()
    run(*words)
    assert file.read_text() == first
