"""A plan's SQL as a database can run it."""

import datetime as dt

from pipeline.plan.render import AS_OF, AS_OF_BEFORE, render

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def test_the_instants_are_filled_in_as_utc_with_microseconds():
    east = dt.timezone(dt.timedelta(hours=2))
    before = dt.datetime(2026, 2, 1, 1, tzinfo=east)
    assert render(f"'{AS_OF_BEFORE}' < '{AS_OF}'", NOW, before=before) == (
        "'2026-01-31 23:00:00.000000+00:00' < '2026-03-01 12:00:00.000000+00:00'"
    )


def test_what_takes_the_place_of_a_relation_may_name_that_relation_and_others():
    relations = {'"raw"."a"': '(SELECT * FROM "raw"."a")', '"raw"."b"': '(SELECT * FROM "raw"."a")'}
    assert render('FROM "raw"."a", "raw"."b", "raw"."ab"', NOW, relations) == (
        'FROM (SELECT * FROM "raw"."a"), (SELECT * FROM "raw"."a"), "raw"."ab"'
    )
