import datetime as dt
import os

import pytest

from pipeline.errors import ConfigError
from pipeline.plan import Plan
from pipeline.seeds import csv_files
from tests.projects import compile_shop


@pytest.fixture
def read(tmp_path):
    """Rows of the seed `products` with a file of the project's own."""
    plan = compile_shop()
    (tmp_path / "seeds").mkdir()

    def read(text, encoding="utf-8"):
        (tmp_path / "seeds" / "products.csv").write_text(text, encoding=encoding)
        return csv_files.rows(plan.tables["products"], tmp_path)

    read.plan, read.project_dir = plan, tmp_path
    return read


TEA = ("tea", "Tea", 0.1, dt.date(2026, 1, 1))
MILK = ("milk", None, 1.0, None)


def test_rows_are_typed_and_empty_cells_are_null(tmp_path):
    assert csv_files.rows(compile_shop().tables["products"], tmp_path) == [TEA, MILK]


def test_a_row_of_the_project_replaces_the_packaged_one_of_its_key_or_is_added(read):
    assert read("since,product\n2026-02-01,milk\n,cake\n") == [
        TEA,
        ("milk", None, None, dt.date(2026, 2, 1)),
        ("cake", None, None, None),
    ]


def test_what_spreadsheets_write_is_read(read):
    assert read('product,label\r\ncake,"Black, ""white""\r\nand red"\r\n\r\n', "utf-8-sig") == [
        TEA,
        MILK,
        ("cake", 'Black, "white"\r\nand red', None, None),
    ]


def test_semicolons_part_cells_where_a_comma_is_the_decimal_point(read):
    assert read("product;label;weight\r\ncake;Black, white;0.5\r\n") == [
        TEA,
        MILK,
        ("cake", "Black, white", 0.5, None),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("product,lable\n", r"column 'lable'.*Did you mean label"),
        ("label\nTea\n", "no column product, which every row needs"),
        ("product,product\n", "two columns product"),
        ("", "no column product"),
        ("product,label\nx\n", "line 2: 1 cells under 2 columns"),
        ("product,label\n,y\n", "line 2: product is empty"),
        ("product\nx\ny\nx\n", "line 4: product x stands in line 2 already"),
        ("product,weight\nx,heavy\n", "line 2: weight is 'heavy', which is no float64"),
        ("product,weight\nx,nan\n", "weight is 'nan'"),
        ("product,since\nx,01/02/2026\n", "since is '01/02/2026'.*like 2026-01-31"),
        ('product\n"x\n', "is no CSV"),
        ("product;weight\nx;0,5\n", "weight is '0,5', which is no float64. Write it like 0.25"),
        ("product;label\nx\n", "Quote a cell that contains a semicolon"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_column(read, text, problem):
    with pytest.raises(ConfigError, match=problem) as error:
        read(text)
    assert "products.csv" in str(error.value)


def test_a_pipe_is_refused_and_not_waited_for(read):
    os.mkfifo(read.project_dir / "seeds" / "products.csv")
    with pytest.raises(ConfigError, match="it is a pipe, no file"):
        csv_files.rows(read.plan.tables["products"], read.project_dir)


def test_a_file_that_is_no_utf_8_is_refused(read):
    with pytest.raises(ConfigError, match="not UTF-8"):
        read("product\nGrüße\n", "latin-1")


@pytest.mark.parametrize("name", ["product.csv", "products.CSV", "Products.csv"])
def test_a_csv_that_no_seed_is_called_like_is_refused(read, name):
    (read.project_dir / "seeds" / name).write_text("")
    with pytest.raises(ConfigError, match=f"{name} is no seed.*Did you mean products.csv"):
        csv_files.check_names(read.plan, read.project_dir)


def test_the_fingerprint_changes_with_either_file_and_with_the_columns(read):
    def fingerprint(plan: Plan = read.plan):
        return csv_files.fingerprint(plan.tables["products"], read.project_dir)

    seen = [fingerprint()]
    read("product\n")
    seen.append(fingerprint())
    read("product\ncake\n")
    seen.append(fingerprint())
    assert fingerprint() == seen[-1]
    assert len(set(seen)) == 3
