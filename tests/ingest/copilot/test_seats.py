"""Lists of Copilot's seats, as GitHub's API answers."""

import datetime as dt
import json

import pytest

from pipeline.engines import connect
from pipeline.engines.raw_tables import make_missing_raw_tables
from pipeline.errors import IngestError
from pipeline.ingest.copilot.ingest import ingest_copilot


def seat(login="octoCat", **given):
    """As the documentation of the API shows one."""
    return {
        "created_at": "2026-01-03T18:00:00-06:00",
        "updated_at": "2026-02-23T15:00:00-06:00",
        "pending_cancellation_date": None,
        "last_activity_at": "2026-03-14T00:53:32-06:00",
        "last_activity_editor": "vscode/1.77.3/copilot/1.86.82",
        "plan_type": "business",
        "assignee": {"login": login, "id": 1, "type": "User"},
        "assigning_team": {"id": 1, "name": "Justice League", "slug": "justice-league"},
        **given,
    }


def page(*seats, total=None):
    return {"total_seats": len(seats) if total is None else total, "seats": [*seats]}


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


@pytest.fixture
def land(engine, tmp_path):
    """Rows of raw.copilot_seats after an ingest of one file, without its bookkeeping."""

    def land(*documents, **options):
        file = tmp_path / "seats.json"
        file.write_text("\n".join(map(json.dumps, documents)))
        land.result = ingest_copilot(engine, [str(file)], **options)
        return engine.fetch_dicts(
            "SELECT developer_id, plan, assigned_at, last_activity_at, ends_on, account, answer, observed_at"
            " FROM raw.copilot_seats ORDER BY id"
        )

    return land


def moment(*parts):
    return dt.datetime(2026, *parts, tzinfo=dt.UTC)


def test_a_seat_has_its_person_plan_and_moments(land):
    (row,) = land(page(seat(pending_cancellation_date="2026-04-01")), account="acme")
    assert len(row.pop("answer")) == 32
    assert row == {
        "developer_id": "octocat",
        "plan": "business",
        "assigned_at": moment(1, 4),
        "last_activity_at": moment(3, 14, 6, 53, 32),
        "ends_on": dt.date(2026, 4, 1),
        "account": "acme",
        "observed_at": moment(3, 14, 6, 53, 32),
    }


def test_pages_of_one_file_are_one_answer(land):
    """As `gh api --paginate` writes them, and with --slurp."""
    pages = page(seat(), total=2), page(seat("bob", last_activity_at=None), total=2)
    one_after_the_other = land(*pages)
    assert len({row["answer"] for row in one_after_the_other}) == 1
    assert {row["observed_at"] for row in one_after_the_other} == {moment(3, 14, 6, 53, 32)}
    assert land([*pages]) == one_after_the_other
    assert (land.result.landed, land.result.duplicates) == (0, 2)


def test_a_page_that_lacks_is_refused_as_its_people_would_seem_to_have_no_seat(land):
    with pytest.raises(IngestError, match="it lists 1 of 120 seats: ask with --paginate"):
        land(page(seat(), total=120))


def test_a_person_of_two_organisations_is_one_of_the_total(land):
    """As an enterprise's answer counts them."""
    assert len(land(page(seat(), seat(created_at="2026-02-01T00:00:00Z"), total=1))) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"assignee": None}, "a seat names no assignee"),
        ({"assignee": {"login": 7}}, "a seat names no assignee"),
        ({"created_at": None}, "the seat of octocat has no created_at"),
        ({"created_at": "yesterday"}, "created_at is no moment"),
        ({"created_at": "0001-01-01T00:00:00+05:00"}, "created_at is no moment"),
        ({"last_activity_at": 5}, "last_activity_at is no moment"),
        ({"pending_cancellation_date": "soon"}, "pending_cancellation_date is no day"),
        ({"plan_type": 7}, "plan_type is no text"),
    ],
)
def test_values_that_make_no_sense_are_said(land, wrong, said):
    with pytest.raises(IngestError, match=said):
        land(page(seat(**{"assignee": {"login": "octocat"}, **wrong})))


@pytest.mark.parametrize("total", ["two", True, {}, None])
def test_a_total_that_is_no_number_is_no_reason_to_fail(land, total):
    assert len(land({"total_seats": total, "seats": [seat()]})) == 1


def test_seats_that_are_no_objects_are_said(land):
    with pytest.raises(IngestError, match="seats is no list of JSON objects"):
        land({"seats": [7]})


def test_an_answer_without_seats_is_validly_empty(engine, land):
    make_missing_raw_tables(engine)
    assert land(page()) == []
    assert "holds no seats" in land.result.warnings[0]
