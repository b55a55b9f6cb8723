"""Every mistake in a project's own files is one paragraph with file and line, and exit code 2."""

import pytest

CONTRACT = """\
from schemas.base import Contract, column, count


class {name}(Contract):
    \"\"\"One row per product.\"\"\"

    {columns}
"""
SALES = 'product: str = column(description="The product.")\n    sales: int = count(description="Sales.")'


def contract(name="FctBest", columns=SALES):
    return CONTRACT.format(name=name, columns=columns)


def mart(
    body="return fct_product_sales.select('product', 'sales')", reads="fct_product_sales", name="fct_best"
):
    return {
        f"models/marts/{name}.py": f"def {name}({reads}):\n    'One row per product.'\n    {body}\n",
        "schemas/ours.py": contract(),
    }


def more(body, reads="fct_product_sales", extends="fct_product_sales", columns="share: float = column()"):
    return {
        "models/marts/sales_share.py": f"EXTENDS = {extends!r}\n\n\ndef sales_share({reads}):\n    {body}\n",
        "schemas/ours.py": contract("SalesShare", columns),
    }


SHARE = "return fct_product_sales.mutate(share=fct_product_sales.sales / 2)"
MODEL, ADDED, OURS = "models/marts/fct_best.py", "models/marts/sales_share.py", "schemas/ours.py"

MISTAKES = {
    "a parameter that is no table": (
        mart(reads="fct_product_sale"),
        f"{MODEL}:1 reads fct_product_sale, which is no model, seed or raw table."
        " Did you mean fct_product_sales?",
    ),
    "a setting that is none": (
        mart(reads="fct_product_sales, *, timezon"),
        f"{MODEL}:1 asks for the setting timezon, which does not exist. Did you mean timezone?",
    ),
    "no contract": (
        {**mart(), OURS: contract("FctBst")},
        f"The model {MODEL}:1 has no contract. Did you mean fct_bst? Write a class FctBest in schemas/.",
    ),
    "another type than the contract's": (
        {**mart(), OURS: contract(columns=SALES.replace("int = count", "str = column"))},
        f"{MODEL}:1 does not keep its contract: fct_best.sales is int64, and its contract says string.",
    ),
    "a type that is none": (
        {**mart(), OURS: contract(columns=SALES.replace("int", "list"))},
        f"{OURS}:4: the contract FctBest cannot be understood",
    ),
    "a column that its contract does not know": (
        mart("return fct_product_sales"),
        "fct_best makes a column revenue_usd that its contract does not know.",
    ),
    "a column that is not there": (
        mart("return fct_product_sales.select('produkt')"),
        f"{MODEL}:3 cannot be built:",
    ),
    "a circle": (
        {
            **more(SHARE, "fct_product_sales, fct_best"),
            MODEL: mart()[MODEL],
            "schemas/best.py": contract(),
        },
        f"in a circle: fct_product_sales → fct_best → fct_product_sales. Added: {ADDED}:4 and {MODEL}:1.",
    ),
    "an import that fails": (
        {**mart(), MODEL: "import ibis\nimport nowhere\n"},
        f"{MODEL}:2 cannot be imported: ModuleNotFoundError: No module named 'nowhere'. Mend the file.",
    ),
    "a file that is no Python": (
        {**mart(), MODEL: "\ndef fct_best(:\n"},
        f"{MODEL}:2 cannot be imported: SyntaxError",
    ),
    "a contract that is no Python": (
        {**mart(), OURS: f"{contract()}\n    sales = column(\n"},
        f"{OURS}:10 cannot be imported: SyntaxError",
    ),
    "a function that is called otherwise": (
        {**mart(), MODEL: "\ndef fct_bst(fct_product_sales): ...\n"},
        f"{MODEL}:2 defines no function fct_best. Did you mean fct_bst?",
    ),
    "a folder that is no layer": (
        {"models/mart/fct_best.py": "", OURS: contract()},
        "models/mart/fct_best.py lies in the folder mart, which is no layer. Did you mean marts?",
    ),
    "a name that is taken": (
        {**mart(name="dim_products"), OURS: contract("DimProducts")},
        "Two models are called dim_products: tests/projects/shop/models/marts/dim_products.py and"
        " models/marts/dim_products.py:1. Rename models/marts/dim_products.py, or say there"
        ' `EXTENDS = "dim_products"` to add columns to that table, or `REPLACES = "dim_products"`',
    ),
    "a name that the project uses twice": (
        {**mart(), "models/staging/fct_best.py": mart()[MODEL]},
        f"Two models are called fct_best: {MODEL} and models/staging/fct_best.py:1.",
    ),
    "a contract of a table that is there": (
        {OURS: contract("DimProducts")},
        "The table dim_products has two contracts: DimProducts in tests/projects/shop/schemas/marts.py and in"
        f" {OURS}:4.",
    ),
    "two contracts of one name": (
        {**mart(), "schemas/theirs.py": contract()},
        f"Two contracts are called FctBest: {OURS}:4 and schemas/theirs.py:4.",
    ),
    "columns for a table that is not there": (
        more(SHARE, extends="fct_sales"),
        f"{ADDED}:4 extends fct_sales, which is no table that a model makes. Did you mean",
    ),
    "columns for a table that is not the first parameter": (
        more(SHARE, reads="dim_products, fct_product_sales"),
        f"{ADDED}:4 extends fct_product_sales, and its first parameter is dim_products.",
    ),
    "columns without a contract": (
        {**more(SHARE), OURS: contract()},
        f"The model {ADDED}:4 has no contract.",
    ),
    "columns of another type than the contract's": (
        more(SHARE, columns="share: int = column()"),
        f"{ADDED}:4 does not keep its contract: fct_product_sales.share is float64, and its contract says"
        " int64.",
    ),
    "columns for fewer rows": (
        more(f"{SHARE}.filter(fct_product_sales.sales > 1)"),
        f"{ADDED}:4 extends fct_product_sales, whose rows must stay as they are: it filters rows",
    ),
    "columns for more rows": (
        more(
            "return fct_product_sales.left_join(stg_sales, 'product')"
            ".select(*fct_product_sales.columns, share=stg_sales.amount_usd)",
            "fct_product_sales, stg_sales",
        ),
        "a row that finds several in a join is doubled: nothing says that product is in only one row there",
    ),
    "columns for rows that find something": (
        more(
            "return fct_product_sales.join(dim_products, 'product').mutate(share=1.0).drop('label')",
            "fct_product_sales, dim_products",
        ),
        "a row that finds nothing in a join is lost (`inner_join`); use `left_join`",
    ),
    "columns in the place of others": (
        more("return fct_product_sales.mutate(sales=fct_product_sales.sales * 2, share=1.0)"),
        f"{ADDED}:4 extends fct_product_sales and changes its column sales, which must stay as it is.",
    ),
    "columns but for one": (
        more(f"{SHARE}.drop('revenue_usd')"),
        f"{ADDED}:4 extends fct_product_sales and leaves out its column revenue_usd,",
    ),
    "a column that is there": (
        more(SHARE, columns="share: float = column()\n    sales: int = column()"),
        f"{OURS}:4 adds the column sales, which fct_product_sales has already.",
    ),
    "another key": (
        more(SHARE, columns="share: float = column()\n\n    class Config:\n        unique = ['share']"),
        f"{OURS}:4 names a key, and that of fct_product_sales stays.",
    ),
    "a place that nobody has": (
        {**mart(), MODEL: f"REPLACES = 'fct_bst'\n{mart()[MODEL]}"},
        f"{MODEL}:2 replaces fct_bst, which is no table that a model makes.",
    ),
    "a place in another layer": (
        {**mart(), MODEL: f"REPLACES = 'stg_sales'\n{mart()[MODEL]}"},
        f"{MODEL}:2 replaces stg_sales, which is of the layer staging. Move the file into models/staging/.",
    ),
    "a place of something that promised more": (
        {
            OURS: contract(),
            MODEL: "REPLACES = 'fct_product_sales'\n"
            + mart("return stg_sales.group_by('product').agg(sales=stg_sales.count())", "stg_sales")[MODEL],
        },
        f"{MODEL}:2 replaces fct_product_sales, and its contract promises less than the one before."
        " The key was product and is nothing. revenue_usd: The column is gone.",
    ),
    "a seed that is described again": (
        {"seeds/products.csv": "product,label\n", OURS: contract("Products")},
        f"{OURS}:4 describes the table products, which is there already. Remove the class, and"
        " seeds/products.csv adds rows to that table; or rename both.",
    ),
    "a law without a sentence": (
        {"models/laws/few.py": "def few(fct_visits): ...\n"},
        "models/laws/few.py:1: the function few has no docstring.",
    ),
}


@pytest.mark.parametrize(("files", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_paragraph_with_its_place(run_shop, folder, files, message):
    (folder / "aa-pipeline.toml").touch()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    result = run_shop("compile", expect=2)
    assert result.stdout == ""
    paragraph = result.stderr.removesuffix("\n")
    assert paragraph.startswith("Error: ")
    assert message in paragraph
    assert "\n" not in paragraph
    assert "Traceback" not in paragraph
