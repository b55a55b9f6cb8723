"""Column lineage: each rule on the smallest expression that shows it, and the walk over a plan."""

import ibis
import pytest
from ibis import _

from pipeline.compile.analysis.column_lineage import lineage
from pipeline.errors import SelectionError
from pipeline.plan.lineage import ROWS, VALUE, edges_down, edges_up
from pipeline.plan.selection import select
from tests.projects import compile_shop

a = ibis.table({"id": "int64", "x": "int64", "y": "int64", "name": "string"}, name="a", database="staging")
b = ibis.table({"id": "int64", "z": "int64", "flag": "boolean"}, name="b", database="staging")


def traced(expression, **keys):
    """Column → its sources in words; `keys` says which columns of a table are unique."""
    known = {"a": a.op(), "b": b.op()}
    unique = {known[name]: [frozenset(columns.split())] for name, columns in keys.items()}

    def keys_of(relation):
        while relation not in known.values() and hasattr(relation, "parent"):
            relation = relation.parent
        return unique.get(relation, [])

    found = lineage(expression, {op: name for name, op in known.items()}, keys_of)
    return {name: ", ".join(f"{t}.{c} {kind}" for t, c, kind in edges) for name, edges in found.items()}


def test_a_column_that_is_passed_on_or_computed_with_is_a_value():
    assert traced(a.select("id", total=_.x + _.y, label=ibis.ifelse(_.x > 0, _.name, "none"))) == {
        "*": "a.* value",
        "id": "a.id value",
        "total": "a.x value, a.y value",
        "label": "a.name value, a.x filter",
    }


def test_a_condition_filters_values_but_is_the_value_where_it_chooses_between_constants():
    size = ibis.cases((_.x < 10, "small"), (_.x < 100, "medium"), else_="large")
    either = ibis.cases((_.x < 10, _.y), else_=_.id)
    assert traced(a.select(size=size, either=either)) == {
        "*": "a.* value",
        "size": "a.x value",
        "either": "a.id value, a.x filter, a.y value",
    }


def test_a_column_that_is_both_condition_and_result_is_both():
    assert traced(a.select(x=ibis.ifelse(_.x > 0, _.x, 0)))["x"] == "a.x filter, a.x value"
    assert traced(a.group_by("name").agg(x=_.x.argmax(_.x)))["x"] == "a.x order, a.x value"


def test_a_constant_comes_from_nothing():
    assert traced(a.select(one=ibis.literal(1))) == {"*": "a.* value", "one": ""}


def test_a_filter_concerns_the_rows_and_so_every_column():
    assert traced(a.filter(_.x > 0, _.name.notnull()).select("id")) == {
        "*": "a.* value, a.name filter, a.x filter",
        "id": "a.id value",
    }


def test_dropping_nulls_is_a_filter():
    assert traced(a.drop_null(["x"]).select("id"))["*"] == "a.* value, a.x filter"


def test_groups_are_keys_of_the_rows_and_a_condition_of_one_sum_is_its_own():
    grouped = a.group_by("name").agg(total=_.x.sum(), some=_.x.sum(where=_.y > 0), rows=_.count())
    assert traced(grouped) == {
        "*": "a.* value, a.name group key",
        "name": "a.name value",
        "total": "a.x value",
        "some": "a.x value, a.y filter",
        "rows": "a.* value",
    }


def test_a_total_has_one_row_whatever_is_filtered_but_its_value_depends_on_it():
    assert traced(a.filter(_.y > 0).agg(total=_.x.sum())) == {
        "*": "",
        "total": "a.x value, a.y filter",
    }


def test_distinct_groups_by_every_column():
    assert traced(a.select("x").distinct())["*"] == "a.* value, a.x group key"


def test_windows_have_group_keys_and_an_order():
    window = ibis.cumulative_window(group_by="name", order_by=_.y)
    assert traced(a.mutate(sum=_.x.sum().over(window)).select("sum"))["sum"] == (
        "a.name group key, a.x value, a.y order"
    )


def test_the_first_row_of_each_group_is_chosen_by_group_key_and_order():
    first = ibis.row_number().over(group_by="name", order_by=_.y)
    assert traced(a.mutate(rank=first).filter(_.rank == 0).select("x")) == {
        "*": "a.* value, a.name group key, a.y order",
        "x": "a.x value",
    }


def test_the_value_at_the_largest_key_is_in_order_of_the_key():
    assert traced(a.group_by("name").agg(last=_.x.argmax(_.y)))["last"] == "a.x value, a.y order"


def test_the_order_of_a_text_made_of_rows_is_an_order():
    assert traced(a.group_by("id").agg(all=_.name.group_concat(",", order_by=_.y)))["all"] == (
        "a.name value, a.y order"
    )


def test_an_order_matters_to_a_limit_alone():
    assert traced(a.order_by("y").select("x"))["*"] == "a.* value"
    assert traced(a.order_by("y").select("x").limit(3))["*"] == "a.* value, a.y order"


def test_an_inner_join_concerns_the_rows():
    joined = a.inner_join(b.filter(_.flag), "id").select("x", "z")
    assert traced(joined) == {
        "*": "a.* value, a.id join key, b.* value, b.flag filter, b.id join key",
        "x": "a.x value",
        "z": "b.z value",
    }


def test_a_left_join_to_at_most_one_row_concerns_only_the_columns_that_it_adds():
    joined = a.left_join(b.filter(_.flag), "id").select("x", "z")
    assert traced(joined, b="id") == {
        "*": "a.* value",
        "x": "a.x value",
        "z": "a.id join key, b.flag filter, b.id join key, b.z value",
    }


def test_a_left_join_that_may_repeat_rows_concerns_the_rows():
    joined = a.left_join(b, "id").select("x", "z")
    assert traced(joined)["*"] == "a.* value, a.id join key, b.* value, b.id join key"


@pytest.mark.parametrize("how", ["semi_join", "anti_join"])
def test_rows_that_must_have_a_partner_are_matched_by_join_keys(how):
    assert traced(getattr(a, how)(b.filter(_.flag), "id").select("x")) == {
        "*": "a.* value, a.id join key, b.* join key, b.flag filter, b.id join key",
        "x": "a.x value",
    }


def test_is_in_another_table_is_a_join_key():
    assert traced(a.filter(_.id.isin(b.id)).select("x"))["*"] == (
        "a.* value, a.id join key, b.* join key, b.id join key"
    )


def test_a_scalar_of_another_table_is_a_value():
    assert traced(a.select(share=_.x / b.filter(b.flag).z.sum().as_scalar()))["share"] == (
        "a.x value, b.flag filter, b.z value"
    )


def test_a_table_joined_to_itself_is_followed_on_both_sides():
    other = a.view()
    joined = a.inner_join(other, a.x == other.y).select(left=a.name, right=other.name)
    assert traced(joined)["*"] == "a.* value, a.x join key, a.y join key"
    assert traced(joined)["right"] == "a.name value"


def test_a_union_has_the_sources_of_both_sides():
    both = a.select(v="x").union(b.filter(_.flag).select(v="z"))
    assert traced(both) == {
        "*": "a.* value, b.* value, b.flag filter",
        "v": "a.x value, b.z value",
    }


def test_a_difference_matches_whole_rows():
    assert traced(a.select(v="x").difference(b.select(v="z"))) == {
        "*": "a.* value, a.x join key, b.* join key, b.z join key",
        "v": "a.x value",
    }


def test_a_default_that_is_a_column_is_a_value():
    assert traced(a.select(x=_.x.fill_null(_.y)))["x"] == "a.x value, a.y value"
    assert traced(a.fill_null({"x": 0}).select("x"))["x"] == "a.x value"


def test_a_plan_holds_the_lineage_of_every_model():
    tables = compile_shop().tables
    assert tables["fct_product_sales"].lineage == {
        "*": [
            ["stg_sales", "*", "value"],
            ["stg_sales", "product", "filter"],
            ["stg_sales", "product", "group key"],
        ],
        "product": [["stg_sales", "product", "value"]],
        "revenue_usd": [["stg_sales", "amount_usd", "value"]],
        "sales": [["stg_sales", "*", "value"]],
    }
    assert tables["dim_products"].lineage["label"] == [
        ["products", "label", "value"],
        ["products", "product", "value"],
        ["stg_sales", "product", "value"],
    ]
    assert tables["raw_sales"].lineage == {}


def test_every_source_in_a_plan_is_a_column_that_exists():
    tables = compile_shop().tables
    columns = {(t.name, c.name) for t in tables.values() for c in t.columns}
    for table in tables.values():
        for column, sources in table.lineage.items():
            assert column == ROWS or (table.name, column) in columns
            for upstream, name, _kind in sources:
                assert upstream in table.depends_on
                assert name == ROWS or (upstream, name) in columns


def steps(edges):
    return [f"{e.from_table}.{e.from_column} → {e.table}.{e.column} ({e.kind})" for e in edges]


def test_the_walk_up_ends_at_raw_columns():
    tables = compile_shop().tables
    assert steps(edges_up(tables, ("fct_product_sales", "revenue_usd"), {VALUE})) == [
        "stg_sales.amount_usd → fct_product_sales.revenue_usd (value)",
        "raw_sales.amount → stg_sales.amount_usd (value)",
    ]


def test_the_walk_up_takes_what_decides_the_rows_along():
    tables = compile_shop().tables
    assert steps(edges_up(tables, ("fct_product_sales", "revenue_usd"))) == [
        "stg_sales.amount_usd → fct_product_sales.revenue_usd (value)",
        "stg_sales.* → fct_product_sales.* (value)",
        "stg_sales.product → fct_product_sales.* (filter)",
        "stg_sales.product → fct_product_sales.* (group key)",
        "raw_sales.amount → stg_sales.amount_usd (value)",
        "raw_sales.* → stg_sales.* (value)",
        "raw_sales.product → stg_sales.product (value)",
    ]


def test_the_walk_down_finds_what_is_made_of_a_column():
    tables = compile_shop().tables
    assert steps(edges_down(tables, ("raw_sales", "amount"))) == [
        "raw_sales.amount → stg_sales.amount_usd (value)",
        "stg_sales.amount_usd → fct_product_sales.revenue_usd (value)",
    ]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("column:stg_sales.amount_usd", "stg_sales"),
        ("column:stg_sales.amount_usd+", "stg_sales fct_product_sales"),
        ("column:stg_sales.product+", "stg_sales dim_products fct_product_sales"),
        ("column:raw.sales.amount+1", "raw_sales stg_sales"),
        ("column:raw_sales.amount+", "raw_sales stg_sales fct_product_sales"),
        ("+column:dim_products.label", "raw_sales products stg_sales dim_products"),
        ("1+column:dim_products.label", "products stg_sales dim_products"),
        ("column:*.till", "raw_sales stg_sales"),
        ("column:stg_sales.till+,marts.*", None),
        ("@column:stg_sales.amount_usd", "raw_sales stg_sales fct_product_sales"),
    ],
)
def test_a_column_selects_the_tables_that_it_comes_from_and_goes_to(expression, expected):
    tables = compile_shop().tables
    if expected is None:
        with pytest.raises(SelectionError):
            select(tables, [expression])
    else:
        assert sorted(select(tables, [expression])) == sorted(expected.split())


def test_a_column_that_does_not_exist_is_an_error_with_the_close_match():
    with pytest.raises(SelectionError, match=r"Did you mean stg_sales\.amount_usd\?"):
        select(compile_shop().tables, ["column:stg_sales.amount_us+"])
