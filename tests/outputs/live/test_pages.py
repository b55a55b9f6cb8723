"""The pages of the demo's company, served: whole, with what a served page needs, and new after a build."""

import json
import re
import shutil
import subprocess
import sys
import threading

import pytest

from pipeline.cli.options import Invocation
from pipeline.cli.serve import _site
from pipeline.outputs.live.served import PAGES, served
from tests.outputs.live.asking import ask, serving

MAIN = "from pipeline.cli import main; main()"


@pytest.fixture(scope="module")
def folder(company, tmp_path_factory):
    """The company, in a folder that tests may change."""
    return shutil.copytree(company, tmp_path_factory.mktemp("served") / "company")


@pytest.fixture
def server(folder, monkeypatch):
    monkeypatch.chdir(folder)
    with serving(_site(Invocation())) as server:
        yield server


def rules(page):
    (policy,) = re.findall(rb'Content-Security-Policy" content="([^"]*)"', page)
    return dict(rule.strip().partition(" ")[::2] for rule in policy.decode().split(";"))


@pytest.mark.parametrize("kind", PAGES)
def test_each_page_has_the_others_beside_it_and_waits_for_the_next_build(server, kind):
    response, page = ask(server, f"/{kind}/index.html")
    assert response.status == 200
    version = json.loads(ask(server, "/version")[1])["version"]
    assert f'<script src="/live.js" data-version="{version}" defer></script>'.encode() in page
    links = re.findall(rb'<a href="(/\w+/index.html)"( aria-current=page)?>', page)
    assert links == [(f"/{one}/index.html".encode(), b" aria-current=page" * (one == kind)) for one in PAGES]
    policy = rules(page)
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert "unsafe-inline" not in policy["script-src"]
    assert "unsafe-eval" not in policy["script-src"]


def test_the_site_has_its_tables_and_scripts(server):
    assert b"fct_git_commits" in ask(server, "/site/tables/fct_git_commits.html")[1]
    assert ask(server, "/site/static/site.css")[0].headers["Content-Type"].startswith("text/css")
    assert ask(server, "/live.js")[0].headers["Content-Type"].startswith("text/javascript")


def test_only_the_first_body_and_policy_of_a_page_are_taken(server):
    page = (
        b'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'"><body class="x">'
        b'<meta http-equiv="Content-Security-Policy" content="mine"><body>'
    )
    found = served(page, "report", 'a"><script>')
    assert found.count(b'id="live"') == 1
    assert found.endswith(b'content="mine"><body>')
    assert b'data-version="a&quot;&gt;&lt;script&gt;"' in found


def test_where_groups_are_shown_the_pages_have_no_people(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = (folder / "aa-pipeline.toml").read_text()
    assert "[privacy]" not in settings
    database = folder / "agent_analytics.duckdb"
    (tmp_path / "aa-pipeline.toml").write_text("[privacy]\nmin_group = 3\n")
    with serving(_site(Invocation(target_option=f"duckdb://{database}"))) as server:
        pages = {kind: ask(server, f"/{kind}/index.html") for kind in PAGES}
        commits = ask(server, "/site/tables/fct_git_commits.html")[1]
    assert {response.status for response, _ in pages.values()} == {200}
    assert b'"min_group":3' in pages["dashboard"][1]
    for content in (*(page for _, page in pages.values()), commits):
        assert b"bruno@example.com" not in content
        assert b"Bruno Costa" not in content


def test_a_build_beside_it_succeeds_and_the_pages_are_then_of_it(folder, server):
    before = json.loads(ask(server, "/version")[1])["version"]
    is_built = threading.Event()
    answers = []

    def look():
        while not is_built.is_set():
            answers.append(ask(server, "/version")[0].status)
            answers.append(ask(server, "/report/index.html")[0].status)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        built = subprocess.run(
            [
                sys.executable,
                "-c",
                "from pipeline.cli import main; main()",
                *["build", "--full-refresh", "--wait", "60"],
            ],
            cwd=folder,
            capture_output=True,
            text=True,
        )
    finally:
        is_built.set()
        thread.join()
    assert built.returncode == 0, built.stderr
    assert {*answers} == {200}
    server.site.look()
    version = json.loads(ask(server, "/version")[1])["version"]
    assert version != before
    assert version.encode() in ask(server, "/dashboard/index.html")[1]
