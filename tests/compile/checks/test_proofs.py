"""Proofs: what they find, what they must not find, and that no data ever contradicts one."""

import datetime as dt
from functools import cache
from typing import Any

import duckdb
import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis import _

from pipeline.compile.checks.sql import table_checks
from pipeline.plan.check_results import count_query, pending
from schemas.base import Contract, column, count

pytestmark = pytest.mark.slow


class StgOrders(Contract):
    """One row per order; what is not promised may be anything."""

    order_id: int = column(description="Order.")
    customer: str = column(nullable=True, description="Customer.")
    day: dt.date = column(description="Day.")
    items: int = count(description="Items.")
    price: float = column(nullable=True, description="Price.")
    paid: float = column(ge=0, description="Paid.")
    state: str = column(isin=["open", "sent"], description="State.")

    class Config:
        unique = ["order_id"]


class StgCustomers(Contract):
    """One row per customer."""

    customer: str = column(description="Customer.")
    city: str = column(nullable=True, description="City.")

    class Config:
        unique = ["customer"]


ASSUME = {"stg_orders": StgOrders, "stg_customers": StgCustomers}
orders = ibis.table(StgOrders.columns(), name="stg_orders", database="staging")
customers = ibis.table(StgCustomers.columns(), name="stg_customers", database="staging")


def contract_for(expr: ibis.Table, key: list[str]) -> type[Contract]:
    """A contract with one field per column of an expression."""
    body: dict[str, Any] = {
        "__annotations__": {name: kind.copy(nullable=True) for name, kind in expr.schema().items()},
        "__doc__": "A table.",
        "Config": type("Config", (), {"unique": key, "strict": True, "ordered": True}),
    }
    for name in expr.columns:
        body[name] = column(description=name)
    return type("FctMade", (Contract,), body)


def checks(expr, key):
    return table_checks(contract_for(expr, key), expr, dialect="duckdb", schema="mart", assume=ASSUME)


def proven(expr, key):
    return {check.name for check in checks(expr, key)[0] if check.proven} - {"shape"}


big = orders.items > 10
first = ibis.row_number().over(group_by=orders.customer, order_by=orders.order_id)
everything_before = ibis.cumulative_window(group_by=orders.customer, order_by=orders.order_id)

# Expression, key → what is proven of it.
PROVEN = {
    "columns keep what their table's contract promises": (
        orders.select("order_id", "customer", "items", "paid"),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(items)", "not_null(paid)"},
    ),
    "the columns of a group are a key": (
        orders.group_by("customer", "day").agg(n=_.count(), most=_.items.max()),
        ["customer", "day"],
        {"unique(customer, day)", "not_null(day)", "not_null(n)", "not_null(most)"},
    ),
    "half a group is no key": (
        orders.group_by("customer", "day").agg(n=_.count()).select("day", "n"),
        ["day"],
        {"not_null(day)", "not_null(n)"},
    ),
    "an aggregate under a condition may see no row": (
        orders.group_by("day").agg(some=_.items.sum(where=_.price > 3)),
        ["day"],
        {"unique(day)", "not_null(day)"},
    ),
    "an aggregate of a whole table may see no row": (
        orders.agg(n=_.count(), items=_.items.sum()),
        ["n"],
        {"unique(n)", "not_null(n)"},
    ),
    "distinct rows are a key": (
        orders.select("customer", "state").distinct(),
        ["customer", "state"],
        {"unique(customer, state)", "not_null(state)"},
    ),
    "a filter makes present": (
        orders.filter(_.customer.notnull(), _.price > 0).select("order_id", "customer", "price"),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(customer)"},
    ),
    "the first row of each group": (
        orders.mutate(n=first).filter(_.n == 0).select("customer", "order_id"),
        ["customer"],
        {"unique(customer)", "not_null(order_id)"},
    ),
    "not the first row of each group": (
        orders.mutate(n=first).filter(_.n <= 1).select("customer", "order_id"),
        ["customer"],
        {"not_null(order_id)"},
    ),
    "a join on a key keeps the other side's key": (
        orders.inner_join(customers, "customer").select("order_id", "customer", "city"),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(customer)"},
    ),
    "a left join leaves its right side open": (
        orders.left_join(customers, orders.customer == customers.customer).select(
            "order_id", owner=customers.customer
        ),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)"},
    ),
    "a join on anything else breaks the key": (
        orders.inner_join(customers, orders.state == customers.city).select("order_id", "city"),
        ["order_id"],
        {"not_null(order_id)", "not_null(city)"},
    ),
    "what is left without a partner": (
        orders.anti_join(customers, "customer").select("order_id", "customer"),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)"},
    ),
    "a default fills what is missing": (
        orders.select(
            "order_id",
            customer=ibis.coalesce(_.customer, "unknown"),
            price=_.price.cast("decimal(18, 6)").coalesce(0),
        ),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(customer)", "not_null(price)"},
    ),
    "cases of literals": (
        orders.select(
            "order_id",
            size=ibis.cases((_.items <= 10, "small"), (big, "large"), else_="none"),
            hint=ibis.cases((big, "large")),
        ),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(size)"},
    ),
    "a case that asks for presence": (
        orders.select("order_id", price=ibis.ifelse(_.customer.isnull(), "none", _.customer)),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)"},
    ),
    "a case whose branch is present": (
        orders.select("order_id", who=ibis.ifelse(_.customer.notnull(), _.customer, "none")),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(who)"},
    ),
    "a quotient is present if its divisor is a number other than zero": (
        orders.select(
            "order_id",
            half=_.items / 2,
            odd=_.items % 2,
            none=_.items / 0,
            ratio=_.items / _.items.nullif(0),
            risky=_.items / (_.items - 3),
        ),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(half)", "not_null(odd)"},
    ),
    "sums and products of what is present": (
        orders.select("order_id", less=_.items - 1, twice=_.items * 2, guess=_.items + _.customer.length()),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(less)", "not_null(twice)"},
    ),
    "clipped and greatest": (
        orders.select("order_id", a=(_.items - 3).clip(lower=0), b=ibis.greatest(_.items - 9, 0)),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(a)", "not_null(b)"},
    ),
    "a running sum": (
        orders.select(
            "order_id",
            so_far=_.items.sum().over(everything_before),
            before=_.items.lag().over(everything_before),
        ),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(so_far)"},
    ),
    "a union keeps no key": (
        orders.select("order_id", part=ibis.literal("a")).union(
            orders.select("order_id", part=ibis.literal("a"))
        ),
        ["part", "order_id"],
        {"not_null(order_id)", "not_null(part)"},
    ),
    "an outer join leaves both sides open": (
        orders.outer_join(customers, orders.customer == customers.customer).select(
            "order_id", owner=customers.customer
        ),
        ["order_id", "owner"],
        {"unique(order_id, owner)"},
    ),
    "parts of a time": (
        orders.select("order_id", weekday=(_.day.day_of_week.index() + 1) % 7),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(weekday)"},
    ),
    "a key whose other column is fixed": (
        orders.group_by("customer", "state")
        .agg(n=_.count())
        .filter(_.state == "open")
        .select("customer", "n"),
        ["customer"],
        {"unique(customer)", "not_null(n)"},
    ),
    "a float is never trusted to be a number": (
        orders.select(
            "order_id",
            price=_.price.coalesce(0.0),
            paid=_.paid.coalesce(0.0),
            half=_.paid / 2,
            change=_.paid - 1,
            all_paid=_.paid.sum().over(),
        ),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(paid)", "not_null(half)"},
    ),
    "what a condition says of one row it does not say of others": (
        orders.select(
            "order_id",
            best=ibis.ifelse(_.customer.notnull(), _.customer.argmax(_.items).over(group_by=_.state), ""),
        ),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)"},
    ),
    "a text spells no number for sure": (
        orders.select("order_id", number=_.state.try_cast("int64"), word=_.state.upper()),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)", "not_null(word)"},
    ),
    "what is joined to something says nothing of its parts": (
        orders.filter((_.customer.concat(_.state) != "") & (_.items.between(3, _.price) == False)).select(  # noqa: E712
            "order_id", "customer", "price"
        ),
        ["order_id"],
        {"unique(order_id)", "not_null(order_id)"},
    ),
    "the best row by another column": (
        orders.group_by("customer").agg(best=_.order_id.argmax(_.items), worst=_.order_id.argmax(_.price)),
        ["customer"],
        {"unique(customer)", "not_null(best)"},
    ),
}


@pytest.mark.parametrize(("expr", "key", "expected"), PROVEN.values(), ids=PROVEN)
def test_rule(expr, key, expected):
    assert proven(expr, key) == expected


def test_ranges_and_closed_lists_are_run_even_where_the_contract_upstream_has_the_same():
    found, _from = table_checks(StgOrders, orders, dialect="duckdb", schema="staging", assume=ASSUME)
    assert {check.kind for check in pending(found, passed=ASSUME)} == {"range", "isin"}


def test_table_without_an_assumed_contract_proves_nothing():
    made = contract_for(orders, ["order_id"])
    found, _from = table_checks(made, orders, dialect="duckdb", schema="mart")
    assert [check.name for check in found if check.proven] == ["shape"]


def test_proof_names_the_contracts_that_it_rests_on():
    expr = orders.inner_join(customers, "customer").group_by("customer").agg(n=_.items.sum())
    found = {check.name: (check.proven, check.assumes) for check in checks(expr, ["customer"])[0]}
    assert found["unique(customer)"] == ("grouped by customer", [])
    assert found["not_null(n)"][1] == ["stg_orders"]


@pytest.fixture(scope="module")
def database():
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA staging")
    connection.execute("CREATE SCHEMA mart")
    connection.execute(
        "CREATE TABLE staging.stg_orders (order_id BIGINT, customer VARCHAR, day DATE,"
        " items BIGINT, price DOUBLE, paid DOUBLE, state VARCHAR)"
    )
    connection.execute("CREATE TABLE staging.stg_customers (customer VARCHAR, city VARCHAR)")
    yield connection
    connection.close()


names = st.sampled_from(["a", "b", "", "A"])
floats = st.floats(width=32, allow_nan=True, allow_infinity=True)
order_rows = st.lists(
    st.tuples(
        names | st.none(),
        st.dates(dt.date(2026, 1, 1), dt.date(2026, 1, 3)),
        st.integers(0, 20),
        floats | st.none(),
        st.floats(min_value=0, allow_nan=False, width=32),
        st.sampled_from(["open", "sent"]),
    ),
    max_size=8,
)
customer_rows = st.dictionaries(names, st.sampled_from(["open", "sent"]) | st.none(), max_size=4)


@settings(max_examples=20, deadline=None)
@given(order_rows, customer_rows)
def test_proven_check_never_fails_on_any_data(database, order_rows, customer_rows):
    database.execute("DELETE FROM staging.stg_orders")
    database.execute("DELETE FROM staging.stg_customers")
    for at, row in enumerate(order_rows):
        database.execute("INSERT INTO staging.stg_orders VALUES (?, ?, ?, ?, ?, ?, ?)", (at, *row))
    for row in customer_rows.items():
        database.execute("INSERT INTO staging.stg_customers VALUES (?, ?)", row)
    for what, (found, query, sql) in queries().items():
        try:
            database.execute(f"CREATE OR REPLACE TABLE mart.fct_made AS {sql}")
        except duckdb.Error:
            continue  # NaN or infinity as a decimal: no table, nothing to contradict
        counts = database.execute(query).fetchone()[1:]
        failed = [check.name for check, n in zip(found, counts, strict=True) if n]
        assert failed == [], what


@cache
def queries():
    """For each table of PROVEN: the checks that are proven of it, what counts their failures, its SQL."""
    return dict(_queries())


def _queries():
    for what, (expr, key, _expected) in PROVEN.items():
        found, relation = checks(expr, key)
        asked = [check for check in found if check.proven and check.sql]
        yield what, (asked, count_query(relation, asked), ibis.to_sql(expr, dialect="duckdb"))
