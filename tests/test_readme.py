"""What the README says of adding a model is true: its example compiles, contract and all."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from pipeline.compile.compiler import compile_plan

pytestmark = pytest.mark.slow

README = Path(__file__).parents[1] / "README.md"


def test_the_example_of_a_model_compiles(tmp_path, monkeypatch):
    section = README.read_text().partition("## Add a model")[2].partition("\n## ")[0]
    model, contract = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    (path,) = re.findall(r"`pipeline/(models/marts/\w+\.py)`", section)
    for package in ("models", "schemas"):
        source = README.parent / ("pipeline/models" if package == "models" else package)
        shutil.copytree(source, tmp_path / "readme" / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "readme" / path).write_text(model)
    marts = tmp_path / "readme" / "schemas" / "marts.py"
    marts.write_text(f"{marts.read_text()}\n\n{contract}")
    monkeypatch.syspath_prepend(tmp_path)
    plan = compile_plan("duckdb", models="readme.models", schemas="readme.schemas")
    assert [column.name for column in plan.tables[Path(path).stem].columns] == ["agent_type", "sessions"]
    for name in [name for name in sys.modules if name.partition(".")[0] == "readme"]:
        del sys.modules[name]
