import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.agents import codex
from pipeline.compile import plan_cache
from pipeline.compile.compiler import compile_plan
from pipeline.compile.sources import compile_inputs
from pipeline.config import Config, Freshness
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.plan import Plan
from tests.projects import SHOP

pytestmark = pytest.mark.slow

INTERNAL = Config(internal_domains=("example.com",))
SHAPES = {
    "sales": {"id": "BIGINT", "timestamp": "TIMESTAMP", "product": "VARCHAR"},
    "visits": {"id": "BIGINT", "timestamp": "TIMESTAMP"},
}

# A process of its own, as every command is: nothing of the project is imported yet.
LOAD = """
import json, sys
from pathlib import Path
from pipeline.compile import plan_cache
from pipeline.config import Config
from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
shapes, options, any_ = json.loads(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
packages = {"models": sys.argv[4] + ".models", "schemas": sys.argv[4] + ".schemas"}
config = Config(project_dir=Path(sys.argv[5]), **options)
if any_:
    plan = plan_cache.load_any("duckdb", config, **packages)
else:
    plan = plan_cache.load("duckdb", config, shapes, **packages)
sql = plan.tables["stg_sales"].sql + plan.tables["stg_recent_visits"].sql
print(json.dumps({
    "compiled": "ibis" in sys.modules,
    "fingerprint": plan.fingerprint,
    "sql": sql,
    "plan": plan.to_json(),
    "heavy": sorted({"ibis", "pandera", "pandas", "numpy", "pyarrow", "sqlglot"} & {*sys.modules}),
}))
"""


@pytest.fixture
def shop_copy(tmp_path, monkeypatch):
    """A copy of the miniature project that a test may edit."""
    copy = tmp_path / "project" / "shop_copy"
    shop = Path(__file__).parents[1] / "projects" / "shop"
    shutil.copytree(shop, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(copy.parent)
    yield copy
    for module in [name for name in sys.modules if name.partition(".")[0] == "shop_copy"]:
        del sys.modules[module]


@pytest.fixture
def cache(tmp_path, monkeypatch, shop_copy):
    """Loads a plan in a process of its own, with a cache folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = shop_copy.parent

    def load(shapes=SHAPES, any_=False, **options):
        arguments = [json.dumps(value) for value in (shapes, options, any_)]
        done = subprocess.run(
            [sys.executable, "-c", LOAD, *arguments, "shop_copy", str(project)],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    load.files = lambda: sorted((tmp_path / "cache" / "aa-pipeline" / "plans").iterdir())
    return load


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_warm_plan_is_the_compiled_one_and_imports_no_compiler(cache):
    cold = cache()
    assert cold["compiled"]
    warm = cold | {"compiled": False, "heavy": []}
    assert cache() == warm
    # Commands that run no SQL take any plan of this code.
    assert cache(shapes=None, any_=True) == warm


def test_no_input_can_change_without_a_new_fingerprint(shop_copy):
    def fingerprint(shapes=SHAPES, **options):
        packages = {"models": "shop_copy.models", "schemas": "shop_copy.schemas"}
        return plan_cache.fingerprint("duckdb", Config(**options), shapes, **packages)

    before = fingerprint()
    assert fingerprint() == before
    other_types = SHAPES | {"visits": {"id": "BIGINT", "timestamp": "TIMESTAMPTZ"}}
    seen = {
        before,
        fingerprint(shapes=SHAPES | {"sales": SHAPES["sales"] | {"till": "BIGINT"}}),
        fingerprint(shapes=other_types),
        fingerprint(shapes={"visits": SHAPES["visits"]}),
        fingerprint(shapes=None),
        fingerprint(timezone="Europe/Berlin"),
        fingerprint(window_days=7),
        fingerprint(time_window_seconds=1),
        fingerprint(internal_domains=("example.com",)),
        fingerprint(severity={"stg_sales": "warn"}),
        fingerprint(freshness={"sales": Freshness(timedelta(days=1))}),
    }
    edit(shop_copy / "models/staging/stg_sales.py", "_.amount", "_.amount + 0.0")
    seen.add(fingerprint())
    edit(shop_copy / "schemas/staging.py", "Which till.", "The till.")
    seen.add(fingerprint())
    (shop_copy / "models/helpers.py").write_text("")
    seen.add(fingerprint())
    (shop_copy / "models/marts/fct_visits.py").rename(shop_copy / "models/staging/fct_visits.py")
    seen.add(fingerprint())
    (shop_copy / "models/helpers.py").unlink()
    seen.add(fingerprint())
    assert len(seen) == 16


def test_what_agents_declare_is_an_input():
    assert Path(codex.__file__) in {*compile_inputs(plan_cache.MODELS, plan_cache.SCHEMAS)}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads a plan in this process, with a cache folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(plan_cache, "_memory_is_disk", lambda models, schemas: True)
    monkeypatch.setattr(plan_cache, "_compile", plan_cache._compile.__wrapped__)

    def load(**options):
        return plan_cache.load("duckdb", Config(project_dir=tmp_path, **options), SHAPES, **SHOP)

    return load


def test_a_broken_file_and_one_under_a_wrong_name_are_not_believed(load):
    plan = load()
    (file,) = plan_cache.folder().glob(f"*-{plan.fingerprint}.json")
    whole = file.read_text()
    for broken in (whole[:1000], "{}", "[]", whole.replace(plan.fingerprint, "another")):
        file.write_text(broken)
        assert load() == plan
        assert file.read_text() == whole


def test_clear_removes_every_plan(load):
    load()
    load(window_days=7)
    assert plan_cache.clear() == 3  # with the one that is bound to no database
    assert plan_cache.clear() == 0


def test_a_model_imported_before_its_file_was_edited_is_not_kept(load, monkeypatch):
    monkeypatch.setattr(plan_cache, "_memory_is_disk", lambda models, schemas: False)
    load()
    assert plan_cache.clear() == 0


def test_what_is_compiled_is_told_by_name(tmp_path, load):
    told = []
    config = Config(project_dir=tmp_path)
    for _ in range(2):  # the second time nothing is
        plan = plan_cache.load("duckdb", config, SHAPES, **SHOP, on_compile=told.append)
    assert sorted(told) == sorted(table.name for table in plan.tables.values() if table.kind == "model")


def test_a_folder_that_cannot_be_written_is_no_error(load, tmp_path):
    (tmp_path / "aa-pipeline").write_text("in the way")
    assert load().tables


def test_changes_name_what_is_new_different_and_gone(load, tmp_path):
    assert plan_cache.last("duckdb", Config(project_dir=tmp_path)) is None
    old = load()
    assert plan_cache.last("duckdb", Config(project_dir=tmp_path)) == old
    new = load(window_days=7)
    del new.tables["dim_products"]
    del old.tables["fct_product_sales"]
    assert plan_cache.changes(old, new) == {
        "stg_recent_visits": "changed",
        "fct_visits": "changed",
        "fct_product_sales": "added",
        "dim_products": "removed",
    }


EDITS = {
    "its own file": lambda shop: edit(shop / "models/staging/stg_sales.py", "_.amount", "_.amount + 0.0"),
    "what it is made of": lambda shop: (shop / "models/helpers.py").write_text("UNIT = 1"),
    "a contract": lambda shop: edit(shop / "schemas/marts.py", "One row:", "One single row:"),
    "a law": lambda shop: law(shop, "def few(fct_visits):", "fct_visits.filter(fct_visits.visits > 9)"),
    "a law's setting": lambda shop: law(
        shop, "def few(fct_visits, *, window_days):", "fct_visits.filter(fct_visits.visits > window_days)"
    ),
    "another folder": lambda shop: (shop / "models/staging/stg_sales.py").rename(
        shop / "models/marts/stg_sales.py"
    ),
    "one less": lambda shop: (shop / "models/marts/dim_products.py").unlink(),
}


def law(shop, signature, broken):
    (shop / "models/laws").mkdir(exist_ok=True)
    (shop / "models/laws/__init__.py").write_text("")
    (shop / "models/laws/few.py").write_text(f"{signature}\n    'Few come.'\n    return {broken}\n")


def test_what_comes_from_an_earlier_plan_is_what_would_be_compiled(cache, shop_copy):
    cache()
    for days, (change, make) in enumerate(EDITS.items()):
        make(shop_copy)
        found = cache(window_days=days)
        plan_cache.clear()
        assert found == cache(window_days=days), change


def test_only_what_has_changed_is_compiled(cache, shop_copy):
    cache()
    (file,) = plan_cache.folder().glob("*-unbound-*.json")
    plan = json.loads(file.read_text())
    for table in plan["tables"].values():
        table["sql"] = table["sql"] and f"-- kept\n{table['sql']}"
    file.write_text(json.dumps(plan))
    assert cache(window_days=7)["sql"].count("-- kept") == 1  # stg_recent_visits takes the setting
    edit(shop_copy / "models/staging/stg_sales.py", "_.amount", "_.amount + 0.0")
    assert cache(window_days=7)["sql"].count("-- kept") == 0
    edit(shop_copy / "models/marts/fct_visits.py", "One row.", "One.")
    assert cache(window_days=7)["plan"].count("-- kept") == 2  # the other marts


def test_another_value_of_a_setting_compiles_nothing_in_a_project_of_ones_own_either(cache, shop_copy):
    cache(timezone="Europe/Berlin", internal_domains=["example.com"])
    values = {
        "timezone": "Asia/Tokyo",
        "internal_domains": ["example.org", "example.net"],
        "severity": {"stg_sales": "warn"},
    }
    found = cache(**values)
    assert (found["compiled"], found["heavy"]) == (False, [])
    plan_cache.clear()
    compiled = cache(**values)
    assert compiled["compiled"]
    assert found["plan"] == compiled["plan"]
    # A model of this project takes this number.
    assert cache(**values, window_days=7)["compiled"]


def compile_in_a_process(folder, helper="", shapes=None, **packages):
    """The plan that a process and its helper compile in a folder."""
    code = (
        "from pipeline.system import processes as beside; from pipeline.config import Config;"
        "from pipeline.compile import helper as compile_helper, plan_cache;"
        "beside.processors = lambda: 2;"
        f"compile_helper.SERVE = {helper!r} or compile_helper.SERVE;"
        f"config = Config(internal_domains={INTERNAL.internal_domains!r});"
        f"print(plan_cache.load('duckdb', config, {shapes!r}, **{packages!r}).to_json())"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=folder,
        env=os.environ
        | {
            "XDG_CACHE_HOME": str(folder / "cache"),
            "PYTHONPATH": os.pathsep.join(place for place in sys.path if place),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return Plan.from_json(done.stdout)


def test_a_plan_is_the_same_whoever_compiles_it(tmp_path, compiled):
    # In every process sets have another order.
    with connect(":memory:") as engine:
        make_missing_raw_tables(engine)
        plan = compile_in_a_process(tmp_path, shapes=engine.shapes("raw"))
    assert plan == replace(compiled(), fingerprint=plan.fingerprint)


@pytest.mark.parametrize("helper", ["raise SystemExit", "print('hello')"], ids=["ends at once", "babbles"])
def test_a_plan_is_the_same_when_its_helper_fails(tmp_path, shop_copy, helper):
    packages = {"models": "shop_copy.models", "schemas": "shop_copy.schemas"}
    plan = compile_in_a_process(tmp_path, helper, **packages)
    assert plan == compile_plan("duckdb", INTERNAL, fingerprint=plan.fingerprint, **packages)


def test_compiling_runs_nothing_of_the_folder_that_we_are_in(tmp_path, shop_copy):
    (tmp_path / "pickle.py").write_text("open('executed', 'w')")
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "__init__.py").write_text("open('executed', 'w')")
    compile_in_a_process(tmp_path, models="shop_copy.models", schemas="shop_copy.schemas")
    assert not (tmp_path / "executed").exists()
