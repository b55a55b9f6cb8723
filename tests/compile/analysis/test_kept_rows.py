"""Rows and columns of a table that another one extends: what is proven, and what is refused."""

import ibis
import pytest
from ibis import _

from pipeline.compile.analysis.kept_rows import Unproven, kept_columns
from pipeline.compile.analysis.properties import ANYTHING, Key, Rows
from pipeline.compile.analysis.relations import Relations

COMMITS = ibis.table({"hash": "string", "author": "string", "lines": "int64"}, name="commits")
PEOPLE = ibis.table({"author": "string", "team": "string"}, name="people")
KEYS = {"commits": ("hash",), "people": ("author",)}


def kept(expression, has_key=True):
    known = {
        name: Rows(
            dict.fromkeys(table.columns, ANYTHING),
            (Key(frozenset(KEYS[name]), f"the contract of {name}", frozenset([name])),),
        )
        for name, table in (("commits", COMMITS), ("people", PEOPLE))
    }
    return kept_columns(expression, COMMITS, Relations(known), has_key=has_key)


WHOLE = {"hash", "author", "lines"}
PROVEN = {
    "a value of the row": COMMITS.mutate(half=_.lines / 2),
    "a value of other rows": COMMITS.mutate(rank=_.lines.rank()),
    "in another order": COMMITS.order_by("lines").mutate(half=_.lines / 2),
    "of a table with that key": COMMITS.left_join(PEOPLE, "author").drop("author_right"),
    "of a group": COMMITS.left_join(COMMITS.group_by("author").agg(commits=_.count()), "author").drop(
        "author_right"
    ),
    "of two tables": COMMITS.left_join(PEOPLE, "author")
    .drop("author_right")
    .left_join(PEOPLE.group_by("team").agg(people=_.count()), "team")
    .drop("team_right"),
    "of a key and of more": COMMITS.left_join(
        PEOPLE, [COMMITS.author == PEOPLE.author, PEOPLE.team == "red"]
    ).drop("author_right"),
}


@pytest.mark.parametrize("expression", PROVEN.values(), ids=PROVEN)
def test_what_passes_on_every_row_once_keeps_them(expression):
    assert kept(expression) == WHOLE


CHANGED = {
    "computed anew": (COMMITS.mutate(lines=_.lines + 1), {"hash", "author"}),
    "computed anew, though to the same": (COMMITS.mutate(lines=_.lines + 0), {"hash", "author"}),
    "filled": (COMMITS.fill_null({"author": "nobody"}), {"hash", "lines"}),
    "left out": (COMMITS.drop("author"), {"hash", "lines"}),
    "under another name": (COMMITS.rename(size="lines"), {"hash", "author"}),
    "two that are swapped": (COMMITS.select("lines", hash="author", author="hash"), {"lines"}),
    "of the other table": (
        COMMITS.left_join(PEOPLE, "author").select("hash", "lines", author=PEOPLE.team),
        {"hash", "lines"},
    ),
}


@pytest.mark.parametrize(("expression", "columns"), CHANGED.values(), ids=CHANGED)
def test_a_column_that_may_be_another_is_not_kept(expression, columns):
    assert kept(expression) == columns


LOST = {
    "a filter": (COMMITS.filter(_.lines > 0), "it filters rows"),
    "a filter that lets all through": (
        COMMITS.filter(ibis.literal(1) == COMMITS.lines * 0 + 1),
        "it filters",
    ),
    "a group": (COMMITS.group_by("hash", "author", "lines").agg(), "it groups rows"),
    "distinct rows": (COMMITS.distinct(), "it removes rows that are alike"),
    "some": (COMMITS.limit(5), "it limits the number of rows"),
    "those with a value": (COMMITS.drop_null("author"), "it drops rows without a value"),
    "with more": (COMMITS.union(COMMITS), "it adds the rows of another table"),
    "without others": (COMMITS.difference(COMMITS.filter(_.lines > 5)), "it removes the rows of another"),
    "a sample": (COMMITS.sample(0.5), "it takes a sample"),
    "several of one": (COMMITS.mutate(word=_.author.split(" ").unnest()), "it makes several rows of one"),
    "an inner join": (COMMITS.join(PEOPLE, "author"), "use `left_join`"),
    "an anti join": (COMMITS.anti_join(PEOPLE, "author"), "`anti_join`"),
    "a cross join": (COMMITS.cross_join(PEOPLE), "`cross_join`"),
    "a join by half a key": (
        COMMITS.left_join(PEOPLE, COMMITS.hash == PEOPLE.team),
        "nothing says that team is in only one row there",
    ),
    "a join by no equality": (
        COMMITS.left_join(PEOPLE, COMMITS.author < PEOPLE.author),
        "nothing says that nothing is in only one row there",
    ),
    "rows of another table": (
        PEOPLE.left_join(COMMITS, "author"),
        "it returns rows of people, not of commits",
    ),
}


@pytest.mark.parametrize(("expression", "why"), LOST.values(), ids=LOST)
def test_what_may_lose_or_double_rows_is_refused_and_says_why(expression, why):
    with pytest.raises(Unproven) as error:
        kept(expression)
    assert why in str(error.value)


def test_where_no_key_would_tell_a_doubled_row_no_other_table_is_joined():
    # The configuration may let the other table's key be broken.
    with pytest.raises(Unproven, match="no key would tell a row that is doubled"):
        kept(PROVEN["of a table with that key"], has_key=False)
    assert kept(PROVEN["of a group"], has_key=False) == WHOLE
