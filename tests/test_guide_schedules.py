"""What the guide shows of scheduled builds works: its command lines, run as they are written."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "pipeline" / "outputs" / "docs" / "guides" / "operating.md"
SECTION = GUIDE.read_text().partition("## Build on a schedule")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", SECTION, re.DOTALL)
TRANSCRIPT = ROOT / "tests/cases/claude-prompts/input/s1.jsonl"
LAST_LINE = re.compile(
    r"aa-pipeline build: status=success tables=\d+ rows=\d+ warnings=\d+ seconds=[\d.]+\n\Z"
)
HOME = "/home/me"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A person's home: a transcript of Claude Code, the program in a virtual environment, an empty folder."""
    transcript = tmp_path / ".claude/projects/p/s1.jsonl"
    transcript.parent.mkdir(parents=True)
    shutil.copy(TRANSCRIPT, transcript)
    program = tmp_path / ".venv/bin/aa-pipeline"
    program.parent.mkdir(parents=True)
    code = "import sys; sys.argv[0] = 'aa-pipeline'; from pipeline.cli import main; main()"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -c {shlex.quote(code)} "$@"\n')
    program.chmod(0o755)
    (tmp_path / "analytics").mkdir()
    return tmp_path


def run(command, home, folder, **environment):
    """The output of a command line in a clean environment, as cron, systemd and runners give it."""
    clean = {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=clean, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def blocks(language):
    return [text for name, text in BLOCKS if name == language]


def count(database, table="fct_daily_agent_usage"):
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(f"SELECT count(*) FROM mart.{table}").fetchall()[0][0]


def test_the_sample_of_a_last_line_is_one():
    assert LAST_LINE.search(blocks("text")[0])


def test_the_line_that_finds_builds_that_want_a_look(home):
    lines = [
        "mart.fct_agent_costs  1 row",
        "aa-pipeline build: status=success tables=6 rows=41834 warnings=0 seconds=1.92",
        "aa-pipeline build: status=success tables=6 rows=41834 warnings=10 seconds=1.92",
        "aa-pipeline build: status=error tables=0 rows=0 warnings=0 seconds=0.10",
    ]
    (home / "build.log").write_text("\n".join(lines))
    assert run(blocks("bash")[0], home, home).splitlines() == lines[2:]


def test_the_line_for_cron(home):
    path, line = blocks("crontab")[0].splitlines()
    minute, *rest, command = line.split(maxsplit=5)
    assert (minute, rest) == ("17", ["*"] * 4)
    assert "%" not in command  # cron would take it for the end of a line
    run(command, home, home, PATH=path.removeprefix("PATH=").replace(HOME, str(home)))
    assert LAST_LINE.search((home / "analytics/build.log").read_text())
    assert count(home / "analytics/agent_analytics.duckdb") > 0


def test_the_unit_of_systemd(home):
    service, timer = (block.replace("%h", str(home)) for block in blocks("ini"))
    settings = dict(re.findall(r"^(\w+)=(.*)$", service, re.MULTILINE))
    assert settings["Type"] == "oneshot"  # else there may be one command only
    commands = re.findall(r"^ExecStart=-?(.*)$", service, re.MULTILINE)
    outputs = [run(command, home, settings["WorkingDirectory"]) for command in commands]
    assert LAST_LINE.search(outputs[-1])
    assert count(home / "analytics/agent_analytics.duckdb") > 0
    if shutil.which("systemd-analyze"):
        units = home / "units"
        units.mkdir()
        for text in (service, timer):
            (units / text.splitlines()[0].removeprefix("# ")).write_text(text)
        checked = subprocess.run(
            ["systemd-analyze", "--user", "--man=no", "verify", *map(str, units.iterdir())],
            env=os.environ | {"XDG_RUNTIME_DIR": str(home)},
            capture_output=True,
            text=True,
        )
        assert "aa-pipeline" not in checked.stderr, checked.stderr


def test_the_steps_of_the_github_action(home):
    (workflow,) = blocks("yaml")
    install, *steps = re.findall(r"^ +- run: (.*)$", workflow, re.MULTILINE)
    assert install.startswith("pip install ")
    repository = home / "repository"
    identity = "-c user.name=Ada -c user.email=ada@example.com"
    run(f"git init -q . && git {identity} commit -q --allow-empty -m One", home, _made(repository))
    target = home / "target.duckdb"
    environment = {
        "PATH": f"{home}/.venv/bin:/usr/bin:/bin",
        "AA_PIPELINE_TARGET": f"duckdb://{target}",
        "AA_PIPELINE_NOTIFY": "",  # what a secret that is not there looks like
    }
    outputs = [run(step, home, repository, **environment) for step in steps]
    assert LAST_LINE.search(outputs[-1])
    assert count(target, "fct_git_commits") == 1


def _made(folder):
    folder.mkdir()
    return folder
