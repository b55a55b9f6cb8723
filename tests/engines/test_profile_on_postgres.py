"""Pages of tables that PostgreSQL keeps."""

from pipeline.engines import connect
from pipeline.outputs.docs.profile import profile
from tests.outputs.docs.test_profile import EXPECTED, commits, fill


def test_a_profile_is_the_same_as_on_duckdb(url):
    with connect(url) as engine:
        fill(engine)
        assert profile(engine, commits()) == EXPECTED
