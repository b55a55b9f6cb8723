"""`contract show` and `contract diff`, over the small project of tests/projects/shop."""

import json
from dataclasses import replace

import pytest

from pipeline.plan import Check, Plan
from pipeline.plan.contract_diff import diff
from tests.projects import compile_shop


@pytest.fixture(scope="module")
def plan():
    return compile_shop()


@pytest.fixture
def versions(folder, plan):
    """Two plan files: as it is, and with a column gone from a mart."""
    (folder / "old.json").write_text(plan.to_json())
    mart = plan.tables["dim_products"]
    smaller = replace(mart, columns=mart.columns[:-1])
    new = replace(plan, tables=plan.tables | {"dim_products": smaller})
    (folder / "new.json").write_text(new.to_json())
    assert Plan.from_json((folder / "old.json").read_text()) == plan
    return mart.columns[-1].name


def test_show_tells_columns_and_checks(run_shop):
    out = run_shop("contract show dim_products").stdout
    assert out.startswith("mart.dim_products\n")
    assert "unique(" in out


def test_show_as_json(run_shop):
    told = json.loads(run_shop("contract show dim_products --format json").stdout)
    assert list(told) == ["table", "kind", "description", "key", "columns", "checks"]


def test_show_of_an_unknown_table_names_the_close_match(run_shop):
    assert "Did you mean dim_products?" in run_shop("contract show dim_product", expect=2).output


def test_diff_of_a_version_with_itself(run, versions):
    assert run("contract diff old.json old.json").stdout == "The contracts are the same.\n"


def test_diff_that_breaks_a_promise_fails(run, versions):
    out = run("contract diff old.json new.json", expect=1).stdout.splitlines()
    assert out[1].split() == ["breaking", "dim_products", versions, "The", "column", "is", "gone."]


def test_diff_that_breaks_nothing_succeeds(run, versions):
    told = json.loads(run("contract diff new.json old.json --format json").stdout)
    assert (told["breaking"], [change["column"] for change in told["changes"]]) == (False, [versions])


def test_diff_with_something_that_is_no_version(run, folder):
    assert "no revision" in run("contract diff nothing old.json", expect=2).output
    (folder / "broken.json").write_text("{}")
    assert "is not a plan" in run("contract diff broken.json broken.json", expect=2).output


def test_diff_with_the_plan_of_older_code_is_refused_in_one_sentence(run, folder, plan):
    older = json.loads(plan.to_json())
    for table in older["tables"].values():
        table["audits"] = table.pop("checks")
    (folder / "older.json").write_text(json.dumps(older))
    out = run("contract diff older.json older.json", expect=2).output
    assert "older.json is not a plan that this release can read." in " ".join(out.split())
    code = folder / "old_code" / "pipeline" / "compile"
    code.mkdir(parents=True)
    for package in (code.parent, code):
        (package / "__init__.py").touch()
    printed = f"type('Plan', (), {{'to_json': lambda plan: {json.dumps(older)!r}}})()"
    (code / "__init__.py").write_text(f"def compile_plan(dialect):\n    return {printed}\n")
    out = run("contract diff old_code old_code", expect=2).output
    assert "The code of old_code makes plans that this release cannot read." in " ".join(out.split())


def test_diff_of_a_closed_list_breaks_where_a_value_is_new_and_not_where_one_is_gone(plan):
    def allowing(*values):
        check = Check(
            "isin(size)", "isin", ["size"], f"size is one of {', '.join(values)}.", values=[*values]
        )
        return {"dim_products": replace(plan.tables["dim_products"], checks=[check])}

    wide, narrow = allowing("a", "b, or c"), allowing("b, or c")
    assert [(change.breaking, change.column) for change in diff(wide, narrow)] == [(False, "size")]
    assert [(change.breaking, change.column) for change in diff(narrow, wide)] == [(True, "size")]


def test_documents_keep_the_keys_that_they_were_published_with(run_shop):
    (check, *_) = json.loads(run_shop("contract show dim_products --format json").stdout)["checks"]
    assert [*check] == ["name", "kind", "columns", "description", "severity", "limit", "proven"]
    (table,) = json.loads(run_shop("compile -s dim_products --format json").stdout)
    assert {"audits", "audit_from"} <= table.keys()
    assert {"limit", "examples_sql"} <= table["audits"][0].keys()
