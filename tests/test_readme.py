"""What the README says of adding a model is true: its example compiles, contract, column, test and all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.compile.compiler import compile_plan
from pipeline.config import Config

pytestmark = pytest.mark.slow

README = Path(__file__).parents[1] / "README.md"


def test_the_example_of_a_model_compiles_and_its_test_passes(tmp_path):
    section = README.read_text().partition("## Add a model")[2].partition("\n## ")[0]
    files = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", section, re.DOTALL))
    (tmp_path / "aa-pipeline.toml").touch()
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    tables = compile_plan("duckdb", Config(project_dir=tmp_path)).tables
    assert [column.name for column in tables["fct_sessions_per_agent"].columns] == ["agent_type", "sessions"]
    assert tables["fct_git_commits"].columns[-1].name == "ticket"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(place for place in sys.path if place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout
