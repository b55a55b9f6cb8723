"""Whether a model has a row for every group of rows that counts."""

import ibis
import pytest
from ibis import _

from pipeline.compile.analysis.grouped import is_grouped

EVENTS = ibis.table({"id": "int64", "day": "date", "who": "string", "x": "float64"}, name="events")
SPANS = ibis.table({"id": "int64", "day": "date", "who": "string", "x": "float64"}, name="spans")
TEAMS = ibis.table({"who": "string", "team": "string"}, name="teams")  # a seed

by_who = EVENTS.group_by("who").agg(n=_.count())
lagged = EVENTS.mutate(
    mean=_.x.mean().over(group_by="who"), before=_.x.lag().over(group_by="who", order_by="id")
)
named = by_who.mutate(name=_.who.upper())

KEPT = {
    "what is grouped": by_who,
    "some of the rows": EVENTS.filter(_.x > 1).group_by("who").agg(n=_.count()),
    "rows of two tables": EVENTS.union(SPANS).group_by("who", "day").agg(n=_.count()),
    "groups with a number": by_who.mutate(nth=ibis.row_number().over(order_by="n")),
    "groups that look something up": named.left_join(TEAMS, named.name == TEAMS.who).select("who", "team"),
}

NOT_KEPT = {
    "rows that are not grouped": EVENTS.select("who"),
    "some of the groups": by_who.filter(_.n > 1),
    "groups that something is found for": by_who.inner_join(TEAMS, "who").select("who", "team"),
    "groups beside another table": by_who.left_join(SPANS, "who").select("who", "id"),
    "rows by what others say": lagged.filter(_.x > _.mean).group_by("who").agg(n=_.count()),
    "rows that differ from the one before": lagged.filter(_.x > _.before).group_by("who").agg(n=_.count()),
    "distinct rows": EVENTS.distinct().group_by("who").agg(n=_.count()),
    "rows that another table has": EVENTS.semi_join(SPANS, "who").group_by("who").agg(n=_.count()),
    "a list from a subquery": EVENTS.filter(_.who.isin(SPANS.who)).group_by("who").agg(n=_.count()),
}


def grouped(expression):
    return is_grouped(
        expression, {table.op(): table.get_name() for table in (EVENTS, SPANS, TEAMS)}, ["teams"]
    )


@pytest.mark.parametrize("rule", KEPT)
def test_a_group_has_a_row_in(rule):
    assert grouped(KEPT[rule])


@pytest.mark.parametrize("rule", NOT_KEPT)
def test_a_group_may_have_no_row_in(rule):
    assert not grouped(NOT_KEPT[rule])
