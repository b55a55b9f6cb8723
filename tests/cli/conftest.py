"""An empty folder to work in, and a function that runs the command line there."""

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import cli


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory of the test: empty, with no target in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AA_PIPELINE_TARGET", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
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
