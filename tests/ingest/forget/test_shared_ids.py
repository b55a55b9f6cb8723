"""Rows of raw tables are told apart by their places, not by ids."""

from pipeline.system.pseudonyms import KEY_VARIABLE
from tests.ingest.forget.shared_ids import check


def test_rows_of_one_id_or_none_are_forgotten_one_by_one(database, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "0123456789abcdef")
    check(database)
