"""No more room: every command says what and where, what to do next, and leaves what was there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.database import query
from tests.full_disk import NEXT, TOO_LARGE, no_file_larger_than

pytestmark = pytest.mark.slow

DATABASE = Path("agent_analytics.duckdb")
TRANSCRIPT = Path(__file__).parents[1] / "cases/claude-prompts/input/s1.jsonl"

MANY = """
CREATE OR REPLACE TABLE raw.sales AS
SELECT range::BIGINT AS id, now() AS timestamp, md5(range::VARCHAR) AS product, 2.5 + range AS amount,
       '{}'::JSON AS attributes
FROM range(100_000)
"""


# Mounts a disk of 80 MB that only this process and its children see, and runs a program there.
SMALL_DISK = 'mount -t tmpfs -o size=80m none "$0" && cd "$0" && exec "$@"'


def everything(folder):
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ("backup b.zip", "b.zip cannot be written"),
        ("export -o out -s fct_product_sales", "out/fct_product_sales.parquet cannot be written"),
        ("export -o out -s fct_product_sales --format csv", "out/fct_product_sales.csv cannot be written"),
        ("report --format html -o report.html", "report.html cannot be written"),
        ("docs generate -o site", "site cannot be written"),
        ("compile -o sql", "cannot be written"),
        ("notebook --force", "aa-pipeline-guide.ipynb cannot be written"),
    ],
)
def test_what_was_written_before_stays(run_shop, shop, folder, words, where):
    query(MANY)
    run_shop("build")
    run_shop(words)
    before = everything(folder)
    with no_file_larger_than(300):
        result = run_shop(words, expect=2)
    assert f"{where}: {TOO_LARGE}. {NEXT}" in result.stderr
    assert everything(folder) == before
    run_shop(words)


def test_a_configuration_that_does_not_fit_is_not_left_half_written(run, folder):
    with no_file_larger_than(300):
        result = run("init", expect=2)
    assert f"aa-pipeline.toml cannot be written: {TOO_LARGE}. {NEXT}" in result.stderr
    assert everything(folder) == {}
    run("init")


def rows():
    return query("SELECT count(*), sum(sales) FROM mart.fct_product_sales"), query("SELECT * FROM raw.sales")


@pytest.mark.parametrize(
    ("words", "size", "code"),
    [("build", 4_300_000, 1), ("maintain", 100_000, 1), ("restore b.zip --replace", 100_000, 2)],
)
def test_a_database_that_cannot_grow_stays_as_it_is(run_shop, shop, folder, words, size, code):
    run_shop("build")
    query(MANY)
    run_shop("backup b.zip")
    if words != "build":
        query("CREATE OR REPLACE TABLE raw.sales AS FROM raw.sales WHERE id < 10; CHECKPOINT")
    before, files = rows(), sorted(folder.iterdir())
    with no_file_larger_than(size):
        result = run_shop(words, expect=code)
    for part in (TOO_LARGE, str(DATABASE), NEXT):
        assert part in result.stderr
    assert rows() == before
    assert sorted(folder.iterdir()) == files
    run_shop(words)


def test_a_copy_that_does_not_fit_can_be_made_again(run, folder):
    run("init")
    run("ls")  # compiles the plan
    with no_file_larger_than(100_000):
        result = run("copy --from agent_analytics.duckdb --to new.duckdb", expect=1)
    for part in (TOO_LARGE, "new.duckdb", NEXT):
        assert part in result.stderr
    run("copy --from agent_analytics.duckdb --to new.duckdb")


def test_an_ingest_that_does_not_fit_lands_nothing_and_can_be_made_again(run, folder):
    run("init")
    folder = Path("home/.claude/projects/p")
    folder.mkdir(parents=True)
    shutil.copy(TRANSCRIPT, folder)
    with no_file_larger_than(4_096):
        result = run("ingest transcripts home/.claude/projects", expect=1)
    for part in (TOO_LARGE, str(DATABASE), NEXT):
        assert part in result.stderr
    assert query("SELECT count(*) FROM raw.otel_logs") == [(0,)]
    run("ingest transcripts home/.claude/projects")
    assert query("SELECT count(*) > 0 FROM raw.otel_logs") == [(True,)]


def test_on_a_disk_that_is_full_indeed(tmp_path, cache):
    there, what = ["unshare", "-rm", "sh", "-c", SMALL_DISK, str(tmp_path)], "No space left on device"
    if not shutil.which("unshare") or subprocess.run([*there, "true"], capture_output=True).returncode:
        there, what = ["sh", "-c", 'cd "$0" && exec "$@"', str(tmp_path)], TOO_LARGE  # no disk can be mounted
    commands = ["build", "backup b.zip", "docs generate", "restore b.zip --replace"]
    done = subprocess.run(
        [*there, sys.executable, "-m", "tests.cli.on_a_small_disk", *commands],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "XDG_CACHE_HOME": str(cache)},
    )
    assert not done.stderr
    told, same, afterwards = json.loads(done.stdout)
    expected = [(DATABASE, 1), ("b.zip", 2), ("site", 2), (DATABASE, 2)]
    for (code, message), (where, wanted) in zip(told, expected, strict=True):
        assert code == wanted, message
        for part in (what, str(where), NEXT):
            assert part in message
    assert same
    assert afterwards == [0, 0, 0, 0]
