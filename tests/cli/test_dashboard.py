"""The dashboard as files: named after their format, and never over what somebody else has made."""

import subprocess
import tempfile

import pytest

from pipeline.errors import SetupError
from pipeline.outputs.dashboard.browser import browser
from pipeline.outputs.dashboard.views import VIEWS
from pipeline.outputs.pages.ours import check_ours


def test_markdown_is_written_where_one_says_and_over_its_own_kind_only(company, run, monkeypatch, tmp_path):
    monkeypatch.chdir(company)
    words = ["dashboard", "--format", "md", "-o"]
    assert run(*words, str(tmp_path)).stderr == ""
    file = tmp_path / "dashboard.md"
    first = file.read_text()
    assert [f"\n## {view.name}\n" in first for view in VIEWS.values()] == [True] * len(VIEWS)
    run(*words, str(file), "--view", "cost")
    assert "## Return" not in file.read_text()
    file.write_text("mine")
    assert "is there, and `dashboard` did not make it" in run(*words, str(file), expect=2).output
    assert file.read_text() == "mine"


def test_without_a_browser_it_says_what_to_install(company, run, monkeypatch, tmp_path):
    monkeypatch.chdir(company)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("pipeline.outputs.dashboard.browser.APPLICATIONS", ())
    file = tmp_path / "x.pdf"
    said = run("dashboard", "--format", "pdf", "-o", str(file), expect=2).output
    assert "Install one (Debian: apt-get install chromium" in said
    monkeypatch.setenv("AA_PIPELINE_BROWSER", "netscape")
    assert (
        "names netscape, which is no program"
        in run("dashboard", "--format", "png", "-o", str(file), expect=2).output
    )
    assert not file.exists()


def test_filters_are_not_for_the_page_that_has_its_own(run):
    assert "its address keeps it" in run("dashboard --where agent=codex", expect=2).output


@pytest.mark.parametrize(
    ("script", "message"),
    [("exit 0", "ended before it was done"), ("sleep 60 & wait", "was not done after 0.2 seconds")],
)
def test_a_browser_that_does_not_answer_is_ended_with_all_that_it_has(tmp_path, monkeypatch, script, message):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(SetupError, match=message), browser(str(program), 0.2):
        pass
    assert [*(tmp_path / "temporary").iterdir()] == []
    if "sleep" in script:
        group = (tmp_path / "pid").read_text().strip()
        assert subprocess.run(["ps", "-o", "stat=", "-g", group], capture_output=True).stdout in (b"", b"Z\n")


def test_files_that_we_made_say_so_at_their_end(tmp_path):
    file = tmp_path / "x.pdf"
    for content in (b"", b"%PDF-1.4\n%%EOF\n% made by aa-pipeline\n"):
        file.write_bytes(content)
        check_ours(file, "dashboard")
    file.write_bytes(b"made by aa-pipeline" + b"." * 1000)
    with pytest.raises(SetupError, match=r"x\.pdf is there"):
        check_ours(file, "dashboard")
