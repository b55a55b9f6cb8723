"""Tables that a project extends or replaces: who reads them sees the columns that it knows."""

import pytest

from pipeline import run
from pipeline.compile.compiler import compile_plan
from pipeline.config import Config
from pipeline.engines import connect
from tests.outputs.docs.shop_site import AT, RAW
from tests.projects import SHOP, compile_shop

FILES = {
    "models/staging/sale_size.py": (
        "EXTENDS = 'stg_sales'\n\ndef sale_size(stg_sales, products):\n"
        "    weights = products.select('product', 'weight')\n"
        "    joined = stg_sales.left_join(weights, 'product').drop('product_right')\n"
        "    return joined.mutate(is_big=joined.amount_usd > 2).drop('weight')\n"
    ),
    "models/marts/our_products.py": (
        "import ibis\n\nREPLACES = 'dim_products'\n\ndef our_products(products, stg_sales):\n"
        "    sold = stg_sales.filter(stg_sales.product.notnull()).group_by('product')\n"
        "    return sold.agg(biggest=stg_sales.is_big.any()).mutate(label=ibis.literal('ours'))"
        ".select('product', 'label', 'biggest')\n"
    ),
    "models/marts/fct_all_sales.py": "def fct_all_sales(stg_sales):\n    return stg_sales\n",
    "schemas/ours.py": (
        "from schemas.base import Contract, UtcTimestamp, column, money\n\n"
        "class SaleSize(Contract):\n    'More.'\n    is_big: bool = column(nullable=True)\n\n"
        "class OurProducts(Contract):\n    'One row per product.'\n    product: str = column()\n"
        "    label: str = column()\n    biggest: bool = column(nullable=True)\n\n"
        "    class Config:\n        unique = ['product']\n\n"
        "class FctAllSales(Contract):\n    'One row per sale.'\n    sale_id: int = column()\n"
        "    sold_at: UtcTimestamp = column()\n    product: str = column(nullable=True)\n"
        "    amount_usd: float = money(nullable=True)\n    till: int = column(nullable=True)\n"
        "    customer: str = column(nullable=True)\n    is_big: bool = column(nullable=True)\n"
    ),
}


@pytest.fixture
def project(tmp_path):
    (tmp_path / "aa-pipeline.toml").touch()
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return Config(project_dir=tmp_path)


def test_what_is_extended_and_replaced_is_built_with_what_reads_it(project):
    with connect(":memory:") as engine:
        for statement in RAW.split(";")[:-1]:
            engine.execute(statement)
        plan = compile_plan("duckdb", project, engine.shapes("raw"), **SHOP)
        assert run.build(engine, plan, as_of=AT, project_dir=project.project_dir).status == "success"
        assert engine.fetch("FROM mart.dim_products") == [("tea", "ours", True)]
        assert engine.fetch("FROM mart.fct_product_sales") == [("tea", 1, 2.5)]
        assert engine.fetch("SELECT sale_id, is_big FROM mart.fct_all_sales") == [(1, True)]
    sales = plan.tables["stg_sales"]
    assert sales.path == "tests/projects/shop/models/staging/stg_sales.py"
    assert sales.extended_by == ["models/staging/sale_size.py"]
    assert sales.lineage["is_big"] == [["raw_sales", "amount", "value"]]
    assert sales.key == ["sale_id"]
    assert plan.tables["dim_products"].path == "models/marts/our_products.py"


def test_a_model_that_was_there_before_reads_no_column_that_was_added(project):
    plan = compile_plan("duckdb", project, **SHOP)
    assert "is_big" not in plan.tables["fct_product_sales"].sql
    assert "is_big" in plan.tables["fct_all_sales"].sql
    untouched = ("raw_sales", "raw_visits", "products", "stg_recent_visits", "fct_visits")
    assert {plan.tables[name] == compile_shop().tables[name] for name in untouched} == {True}
