"""Miniature contracts that the tests of checks share: every kind of check once."""

import datetime as dt

import pandera.ibis as pa

from schemas.base import Contract, UtcTimestamp, column, count, rate, ref


class DimPeople(Contract):
    """One row per person."""

    person: str = column(description="The person.")

    class Config:
        unique = ["person"]


class FctVisits(Contract):
    """One row per person and day."""

    day: dt.date = column(description="The day.")
    person: str = ref("dim_people.person", description="Who came.")
    visits: int = count(description="How often.")
    minutes: float = column(gt=0, lt=1441, nullable=True, description="How long.")
    share: float = rate(description="Part of the day.")
    score: float = column(in_range={"min_value": 1, "max_value": 5}, description="How it was.")
    mood: str = column(nullable=True, isin=["good", "so-so"], description="How they felt.")
    city: str = column(nullable=True, notin=["Atlantis"], description="Where.")
    code: str = column(nullable=True, str_matches=r"[A-Z]{2}\d$", description="Code of the room.")
    word: str = column(nullable=True, str_length={"max_value": 5}, description="A short word.")
    first_at: UtcTimestamp = column(nullable=True, description="First arrival.")
    last_at: UtcTimestamp = column(nullable=True, description="Last departure.")

    class Config:
        unique = ["day", "person"]

    @pa.check("visits")
    def even(cls, data):
        """Visits come in pairs."""
        return data.table[data.key] % 2 == 0

    @pa.dataframe_check
    def leaves_no_earlier_than_it_comes(cls, data):
        """Nobody leaves before they come."""
        return data.table.last_at >= data.table.first_at

    @pa.dataframe_check(raise_warning=True)
    def no_gap(cls, data):
        """Nobody's visits fall by more than ten from one day to the next."""
        table = data.table
        before = table.visits.lag().over(group_by=table.person, order_by=table.day)
        return table.visits >= before - 10

    @pa.dataframe_check
    def enough_in_all(cls, data):
        """There are at most a hundred visits in all."""
        return data.table.visits.sum() <= 100


GOOD = {
    "day": dt.date(2026, 1, 1),
    "person": "ada",
    "visits": 2,
    "minutes": 30.0,
    "share": 0.5,
    "score": 3.0,
    "mood": "good",
    "city": "Rome",
    "code": "AB1",
    "word": "hello",
    "first_at": dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC),
    "last_at": dt.datetime(2026, 1, 1, 17, tzinfo=dt.UTC),
}
