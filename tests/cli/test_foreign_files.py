"""Files and folders of somebody else: every command says what and where, and leaves them as they are.

To root every file is open. So the commands run in a process without root's rights over the files of others.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

NOBODY = 65534
IS_ROOT = os.getuid() == 0

# Runs commands one after the other, and tells of each its exit code and what it wrote.
PROGRAM = """
import json, os, sys
from click.testing import CliRunner
from pipeline.cli import cli
from pipeline.cli.options import Invocation

for words in json.load(sys.stdin):
    shop = Invocation(models="tests.projects.shop.models", schemas="tests.projects.shop.schemas")
    result = CliRunner().invoke(cli, words.split(), obj=shop)
    print(json.dumps([result.exit_code, result.stderr]), flush=True)
"""


@pytest.fixture(scope="module")
def as_somebody():
    """Runs commands as a user whom only the permissions of a file let in."""
    without_rights = []
    if IS_ROOT:
        if not shutil.which("setpriv"):
            pytest.skip("no setpriv here")
        without_rights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]

    def run(*commands):
        done = subprocess.run(
            [*without_rights, sys.executable, "-c", PROGRAM],
            input=json.dumps(commands),
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert not done.stderr
        return [tuple(json.loads(line)) for line in done.stdout.splitlines()]

    return run


def give_away(path, mode):
    """Make it somebody else's: nobody's, or, where we may not do that, ours without the rights."""
    if IS_ROOT:
        os.chown(path, NOBODY, NOBODY)
    else:
        mode &= 0o077
        mode |= (mode & 0o007) << 6
    path.chmod(mode)


@pytest.fixture
def theirs(run_shop, shop, folder):
    """A database of ours, and beside it what is somebody else's."""
    run_shop("build")
    run_shop("backup b.zip")
    Path("closed").mkdir()
    Path("listed").mkdir()
    for name in ("closed/a.duckdb", "secret.duckdb", "fixed.duckdb"):
        shutil.copy("agent_analytics.duckdb", name)
    shutil.copy("b.zip", "secret.zip")
    for name, mode in (
        ("secret.duckdb", 0o600),
        ("fixed.duckdb", 0o644),
        ("secret.zip", 0o600),
        ("closed", 0o700),
        ("listed", 0o755),
    ):
        give_away(Path(name), mode)
    yield folder
    for name in ("closed", "listed"):
        (folder / name).chmod(0o755)


OTHER = "Permission denied. Choose another place, or ask its owner."


def test_what_is_somebody_elses_is_named_and_stays(theirs, as_somebody):
    expected = {
        "build -t secret.duckdb": 'Cannot open file "{folder}/secret.duckdb": ' + OTHER,
        "build -t fixed.duckdb": 'Cannot open file "{folder}/fixed.duckdb": ' + OTHER,
        "maintain -t fixed.duckdb": 'Cannot open file "{folder}/fixed.duckdb": ' + OTHER,
        "show dim_products -t closed/a.duckdb": 'Cannot open file "{folder}/closed/a.duckdb": ' + OTHER,
        "copy --from secret.duckdb --to new.duckdb": 'Cannot open file "{folder}/secret.duckdb": ' + OTHER,
        "copy --from agent_analytics.duckdb --to listed/n.duckdb": "Cannot open listed/n.duckdb: ",
        "backup closed/b.zip": "closed/b.zip cannot be written: " + OTHER,
        "backup listed/b.zip": "{folder}/listed/b.zip cannot be written: " + OTHER,
        "backup secret.zip": "Path 'secret.zip' is not readable.",
        "backup b2.zip -t secret.duckdb": 'Cannot open file "{folder}/secret.duckdb": ' + OTHER,
        "restore secret.zip -t new.duckdb": "Path 'secret.zip' is not readable.",
        "restore b.zip -t closed/new.duckdb": "Cannot open closed/new.duckdb: ",
        "restore b.zip -t listed/new.duckdb": "Cannot open listed/new.duckdb: ",
        "restore b.zip -t fixed.duckdb --replace": 'Cannot open file "{folder}/fixed.duckdb": ' + OTHER,
        "export -o listed": "listed/fct_visits.parquet cannot be written: " + OTHER,
        "export -o closed/out": "closed/out/fct_visits.parquet cannot be written: " + OTHER,
        "report -o closed/r.html": "closed/r.html cannot be written: " + OTHER,
        "report -o listed/r.html": "listed/r.html cannot be written: " + OTHER,
        "docs generate -o listed/site": "listed/site cannot be written: " + OTHER,
        "docs generate -o closed/site": "closed/site cannot be written: " + OTHER,
        "dashboard -o closed/pages": "closed/pages cannot be written: " + OTHER,
        "compile -o listed": "cannot be written: " + OTHER,
        "notebook -o listed/n.ipynb": "listed/n.ipynb cannot be written: " + OTHER,
    }
    before = sorted(theirs.rglob("*"))
    found = as_somebody(*expected)
    for (words, message), (code, said) in zip(expected.items(), found, strict=True):
        assert (words, code) == (words, 2), said
        assert message.format(folder=theirs) in said
        assert "Permission denied" in said or "not readable" in said
    assert sorted(theirs.rglob("*")) == before


def test_what_may_be_read_only_can_be_looked_at_and_backed_up(theirs, as_somebody):
    found = as_somebody("show dim_products -t fixed.duckdb", "backup mine.zip -t fixed.duckdb")
    assert found == [(0, ""), (0, "")]
    assert Path("mine.zip").stat().st_mode & 0o777 == 0o600


def test_no_configuration_is_made_in_a_folder_of_somebody_else(theirs, as_somebody, monkeypatch):
    monkeypatch.chdir("listed")
    ((code, said),) = as_somebody("init")
    assert code == 2
    assert f"{theirs}/listed/aa-pipeline.toml cannot be written: {OTHER}" in said
