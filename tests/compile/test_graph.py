"""The graph: what a file and a signature say, and every way in which they can be wrong."""

import sys
from itertools import count
from pathlib import Path

import pytest

from pipeline.compile.graph import contract_tables, discover, discover_laws, order
from pipeline.errors import ModelError

SOURCES = {"raw_git_commits", "raw_otel_logs"}
SEEDS = {"model_prices"}

_numbers = count()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes a package of models from {path: source} and returns its name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = []

    def write(files: dict[str, str]) -> str:
        name = f"models_under_test_{next(_numbers)}"
        names.append(name)
        for path, text in files.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (tmp_path / name / "__init__.py").touch()
        return name

    yield write
    for module in [m for m in sys.modules if m.split(".")[0] in names]:
        del sys.modules[module]


def found(package: str):
    return discover(package, SOURCES, SEEDS)


def test_a_models_parameters_are_its_upstreams_and_its_settings(package):
    name = package(
        {
            "staging/stg_commits.py": "def stg_commits(raw_git_commits, *, as_of, timezone): ...",
            "marts/fct_costs.py": (
                "MATERIALISE = 'view'\ndef fct_costs(stg_commits, model_prices, *, idle_minutes=30): ..."
            ),
        }
    )

    models = found(name)

    assert [
        (m.name, m.layer, m.schema, m.upstreams, m.settings, m.path, m.materialise) for m in models.values()
    ] == [
        (
            "stg_commits",
            "staging",
            "staging",
            ("raw_git_commits",),
            ("as_of", "timezone"),
            f"{name}/staging/stg_commits.py",
            None,
        ),
        (
            "fct_costs",
            "marts",
            "mart",
            ("stg_commits", "model_prices"),
            (),
            f"{name}/marts/fct_costs.py",
            "view",
        ),
    ]
    assert models["fct_costs"].function(1, 2) is None


def test_models_come_upstreams_first(package):
    name = package(
        {
            "staging/stg_a.py": "def stg_a(int_b): ...",
            "intermediate/int_b.py": "def int_b(fct_c): ...",
            "marts/fct_c.py": "def fct_c(raw_otel_logs): ...",
        }
    )

    assert list(found(name)) == ["fct_c", "int_b", "stg_a"]


def test_a_layer_may_have_folders_and_helpers_beside_the_model(package):
    name = package(
        {
            "staging/codex/stg_codex.py": (
                "def helper(): ...\ndef stg_codex(raw_otel_logs): return helper()"
            ),
            "expressions.py": "def not_a_model(): ...",
        }
    )

    models = found(name)

    assert {m.name: m.path for m in models.values()} == {"stg_codex": f"{name}/staging/codex/stg_codex.py"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param(
            {"staging/stg_a.py": "def stg_aa(): ..."},
            r"staging/stg_a.py:1 defines no function stg_a. Did you mean stg_aa\?",
            id="no function of that name",
        ),
        pytest.param({"staging/stg_a.py": "stg_a = 1"}, "defines no function stg_a", id="not a function"),
        pytest.param(
            {"staging/stg_a.py": "import no_such_module"},
            "staging/stg_a.py:1 cannot be imported: ModuleNotFoundError: .*no_such_module",
            id="import error",
        ),
        pytest.param({"staging/stg_a.py": "def stg_a(:"}, "cannot be imported: SyntaxError", id="syntax"),
        pytest.param(
            {"staging/stg_a.py": "def stg_a(raw_git_commit): ..."},
            r"reads raw_git_commit, which is no model.* Did you mean raw_git_commits\?",
            id="unknown upstream",
        ),
        pytest.param(
            {"staging/stg_a.py": "def stg_a(raw_otel_logs=None): ..."},
            "raw_otel_logs has a default",
            id="upstream with default",
        ),
        pytest.param({"staging/stg_a.py": "def stg_a(*tables): ..."}, r"takes \*tables", id="star"),
        pytest.param(
            {"staging/stg_a.py": "def stg_a(*, timezon): ..."},
            r"setting timezon, which does not exist. Did you mean timezone\?",
            id="unknown setting",
        ),
        pytest.param(
            {"staging/stg_a.py": "MATERIALISE = 'cube'\ndef stg_a(): ..."},
            "MATERIALISE is 'cube'",
            id="unknown materialisation",
        ),
        pytest.param(
            {"stagin/stg_a.py": "def stg_a(): ..."},
            r"no layer. Did you mean staging\?",
            id="unknown layer",
        ),
        pytest.param(
            {"staging/x.py": "def x(): ...", "marts/x.py": "def x(): ..."},
            "Two models are called x: .*marts/x.py and .*staging/x.py",
            id="two models of one name",
        ),
        pytest.param(
            {"staging/model_prices.py": "def model_prices(): ..."},
            "called like the seed model_prices",
            id="name of a seed",
        ),
        pytest.param(
            {
                "staging/stg_a.py": "def stg_a(stg_c): ...",
                "staging/stg_b.py": "def stg_b(stg_a): ...",
                "staging/stg_c.py": "def stg_c(stg_b): ...",
            },
            "in a circle: stg_a → stg_c → stg_b → stg_a",
            id="circle",
        ),
    ],
)
def test_what_is_wrong_is_named(package, files, message):
    with pytest.raises(ModelError, match=message):
        found(package(files))


def test_order_does_not_depend_on_how_the_graph_was_written():
    forwards = {"d": ["b", "c"], "b": ["a"], "c": ["a"], "a": []}
    backwards = {"a": [], "c": ["a"], "b": ["a"], "d": ["c", "b"]}

    assert order(forwards) == order(backwards) == ["a", "b", "c", "d"]


def test_sources_and_seeds_are_read_from_the_contracts():
    assert contract_tables("schemas.raw") == {
        "raw_otel_metrics",
        "raw_otel_logs",
        "raw_otel_spans",
        "raw_git_commits",
        "raw_copilot_metrics",
        "raw_copilot_seats",
        "raw_billing",
        "raw_pull_requests",
        "raw_pull_request_commits",
        "raw_git_survival",
    }
    assert {"model_prices", "agents", "identities"} <= contract_tables("schemas.seeds")


def test_the_packages_own_models_form_a_graph():
    for name, model in discover().items():
        assert Path(model.path).stem == name


MODELS = {
    "staging/stg_commits.py": "def stg_commits(raw_git_commits): ...",
    "marts/fct_costs.py": "def fct_costs(model_prices): ...",
}


def found_laws(package: str):
    return discover_laws(found(package), package, SOURCES, SEEDS)


def law(text: str) -> dict[str, str]:
    return MODELS | {"laws/same_costs.py": text}


def test_a_law_is_found_like_a_model_and_is_none(package):
    name = package(
        law(
            'SEVERITY = "warn"\n'
            "def same_costs(raw_git_commits, model_prices, stg_commits, *, as_of):\n"
            '    """Nothing is lost.\n\n    Nor doubled."""\n'
        )
    )
    (same_costs,) = found_laws(name)
    assert list(found(name)) == ["fct_costs", "stg_commits"]
    assert (same_costs.name, same_costs.table, same_costs.severity) == ("same_costs", "stg_commits", "warn")
    assert same_costs.description == "Nothing is lost."
    assert same_costs.upstreams == ("raw_git_commits", "model_prices", "stg_commits")
    assert same_costs.settings == ("as_of",)
    assert same_costs.path == f"{name}/laws/same_costs.py"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def same_costs(fct_costs): ...", "has no docstring"),
        ("def other(fct_costs): 'Holds.'", "defines no function same_costs"),
        ("def same_costs(fct_cost): 'Holds.'", "Did you mean fct_costs"),
        ("def same_costs(fct_costs, model_prices): 'Holds.'", "names no model as its last table"),
        ("def same_costs(): 'Holds.'", "names no model as its last table"),
        ("def same_costs(fct_costs, *, as_off): 'Holds.'", "Did you mean as_of"),
        (
            "SEVERITY = 'fatal'\ndef same_costs(fct_costs): 'Holds.'",
            "SEVERITY is 'fatal'; it can be error or",
        ),
        # A build would take over the law's result where only that raw table has changed.
        ("def same_costs(raw_git_commits, fct_costs): 'Holds.'", "which fct_costs is not made of"),
    ],
)
def test_a_law_that_cannot_be_is_refused_with_its_file(package, text, message):
    name = package(law(text))
    with pytest.raises(ModelError) as error:
        found_laws(name)
    assert message in str(error.value)
    assert f"{name}/laws/same_costs.py" in str(error.value)


def test_two_laws_of_one_name_are_refused(package):
    text = "def same_costs(fct_costs): 'Holds.'"
    name = package(law(text) | {"laws/more/same_costs.py": text})
    with pytest.raises(ModelError, match="Two laws are called same_costs"):
        found_laws(name)
