"""An installed package with rooms is a plugin: what it adds is there by itself."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.extensions import SWITCH, plugins
from tests.cli.database import query
from tests.projects import ours

EXAMPLE = Path(__file__).parents[1] / "projects" / "example_plugin"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(run, folder, monkeypatch):
    """The example plugin, as an installer leaves it, in a folder of the search path."""
    site = folder / "site-packages"
    shutil.copytree(EXAMPLE / "aa_example", site / "aa_example", ignore=shutil.ignore_patterns("__pycache__"))
    install(site)
    monkeypatch.syspath_prepend(site)
    yield site
    for name in [name for name in sys.modules if name.partition(".")[0] == "aa_example"]:
        del sys.modules[name]


def install(site, package="aa_example"):
    told = site / "aa_example-1.2.dist-info"
    told.mkdir(exist_ok=True)
    (told / "entry_points.txt").write_text(
        f"[console_scripts]\nx = y:z\n\n[aa_pipeline.plugins]\nexample = {package}\n"
    )


@pytest.mark.slow
def test_a_plugin_adds_what_a_project_adds(run, installed):
    run("init")
    ours.commit("three words here", 1)
    run("build")
    assert query("FROM mart.fct_commits_per_team") == [("engines", 1, 3)]
    assert query("SELECT message_words FROM mart.fct_git_commits") == [(3,)]
    assert "every_commit_has_a_team" in run("report --format json").stdout
    facts = json.loads(run("debug --format json").stdout)
    assert facts["extensions"] == [
        {
            "extension": "plugin example (aa_example 1.2)",
            "folder": str(installed / "aa_example"),
            "models": 3,
            "schemas": 1,
            "agents": 0,
            "seeds": 1,
        }
    ]


@pytest.mark.slow
def test_a_project_extends_what_a_plugin_has_extended(run, installed, folder):
    run("init")
    ours.write(folder)
    ours.commit("AA-1 begin", 1)
    run("build")
    assert query("SELECT message_words, ticket FROM mart.fct_git_commits") == [(2, "AA-1")]
    # The environment turns plugins off.
    told = run("ls").stdout
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SWITCH, "off")
        without = run("ls").stdout
        assert json.loads(run("debug --format json").stdout)["extensions"][0]["extension"] == "project"
    assert {*told.split()} - {*without.split()} == {"squads", "fct_commits_per_team"}


@pytest.mark.slow
def test_two_that_add_the_same_are_told_apart_by_their_files(run, installed, folder):
    (folder / "aa-pipeline.toml").touch()
    (folder / "models/laws").mkdir(parents=True)
    law = (installed / "aa_example/models/laws/every_commit_has_a_team.py").read_text()
    (folder / "models/laws/every_commit_has_a_team.py").write_text(law)
    assert (
        "Two laws are called every_commit_has_a_team: aa_example/models/laws/every_commit_has_a_team.py and"
        " models/laws/every_commit_has_a_team.py:7." in run("compile", expect=2).stderr
    )


def test_a_plugin_whose_package_is_not_there_is_named(run, installed):
    install(installed, "aa_gone")
    sys.path.insert(0, str(installed / "aa_example"))  # something is installed
    try:
        told = run("ls", expect=2).stderr
    finally:
        sys.path.remove(str(installed / "aa_example"))
    assert told.startswith(
        "Error: The plugin example (aa_example 1.2) names the package aa_gone, which is not there."
    )
    assert f"{SWITCH}=off in the environment leaves all plugins out." in told


def test_what_lies_in_the_working_directory_is_no_plugin(run, folder, monkeypatch):
    shutil.copytree(EXAMPLE / "aa_example", folder / "aa_example")
    install(folder)
    monkeypatch.syspath_prepend("")
    assert plugins() == ()


@pytest.mark.slow
def test_another_package_of_our_name_is_named(folder):
    ours.write(folder)
    (folder / "schemas/__init__.py").touch()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    for code in ("from pipeline.cli import main; main()", "from pipeline import Pipeline; Pipeline().models"):
        done = subprocess.run(
            [sys.executable, "-c", code, "ls"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode
        assert "Python finds another package called schemas" in done.stderr, done.stderr
        assert str(folder / "schemas") in done.stderr
