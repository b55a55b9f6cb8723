"""An empty folder to work in, and a function that runs the command line there."""

import signal

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import cli
from pipeline.cli.options import Invocation
from tests.cli.database import query

SALES = """
CREATE SCHEMA raw;
CREATE TABLE raw.sales AS
SELECT 1::BIGINT AS id, now() AS timestamp, 'tea' AS product, 2.5 AS amount,
       '{}'::JSON AS attributes;
CREATE TABLE raw.visits AS SELECT 1::BIGINT AS id, now() AS timestamp;
"""


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A user's cache folder, so that the tests compile each plan once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def folder(tmp_path, monkeypatch, cache):
    """The working directory of the test: empty, with no target in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AA_PIPELINE_TARGET", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return tmp_path


@pytest.fixture
def run(folder):
    """Runs `aa-pipeline` with the words of one text, or with several texts as they are."""

    def invoke(*args: str, expect: int = 0) -> Result:
        words = args[0].split() if len(args) == 1 else list(args)
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == expect, result.output
        return result

    return invoke


@pytest.fixture
def run_shop(folder):
    """Like `run`, for the small project in `tests/projects/shop`."""

    def invoke(*args: str, expect: int = 0) -> Result:
        words = args[0].split() if len(args) == 1 else list(args)
        shop = Invocation(models="tests.projects.shop.models", schemas="tests.projects.shop.schemas")
        result = CliRunner().invoke(cli, words, obj=shop)
        assert result.exit_code == expect, result.output
        return result

    return invoke


@pytest.fixture
def shop(folder):
    """A database with one sale and one visit."""
    query(SALES)


@pytest.fixture
def interrupts():
    """Ctrl-C works as on a terminal, even where a shell started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
