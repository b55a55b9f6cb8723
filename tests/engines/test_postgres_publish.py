"""What people have tied to published tables survives, and rows go where their names say."""

import datetime as dt

import pytest

from pipeline import run
from pipeline.engines import connect
from pipeline.errors import QueryError
from tests.projects import compile_shop

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def engine(url):
    with connect(url) as engine:
        engine.create_schema("mart")
        yield engine


def publish(engine, select, kind="table", name="t"):
    """Make a mart, or make it anew, as a build does."""
    with engine.transaction():
        engine.create("mart", name, select, kind, engine.kinds().get(("mart", name)))


def rows(engine, name="mart.t"):
    return engine.fetch_dicts(f"SELECT * FROM {name} ORDER BY 1")


def left_over(engine):
    return [key for key in engine.kinds() if "~" in key[1]]


def test_readers_see_the_old_table_until_the_new_one_takes_its_place(engine, url):
    engine.create("mart", "t", "SELECT 1 AS a", "table", None)
    engine.create("mart", "v", "SELECT a FROM mart.t", "view", None)
    with connect(url, options={"statement_timeout": "2s"}) as reader:
        with engine.transaction():
            engine.create("mart", "t", 'SELECT a + 1 AS a FROM "mart"."t"', "table", "table")
            engine.create("mart", "v", 'SELECT a * 10 AS a FROM "mart"."t"', "view", "view")
            assert engine.fetch('SELECT * FROM "mart"."v"') == [(20,)]
            assert reader.fetch("SELECT t.a, v.a FROM mart.t, mart.v") == [(1, 1)]
        assert reader.fetch("SELECT t.a, v.a FROM mart.t, mart.v") == [(2, 20)]
    assert engine.kinds() == {("mart", "t"): "table", ("mart", "v"): "view"}


def test_a_view_of_somebody_else_on_a_table_survives_its_replacement(engine):
    engine.create("mart", "t", "SELECT 1 AS a", "table", None)
    engine.execute("CREATE VIEW public.theirs AS SELECT a FROM mart.t")
    with engine.transaction():
        engine.create("mart", "t", "SELECT 2 AS a", "table", "table")
    assert engine.fetch("SELECT * FROM public.theirs") == [(2,)]
    assert set(engine.kinds()) == {("mart", "t"), ("public", "theirs")}


def test_marts_are_indexed_by_what_dashboards_filter(engine):
    select = "SELECT DATE '2026-01-01' AS date, 'a' AS developer_id, 1.5 AS cost"
    engine.create("mart", "t", select, "table", None)
    with engine.transaction():
        engine.create("mart", "t", select, "table", "table")
    found = engine.fetch("SELECT indexdef FROM pg_indexes WHERE tablename = 't' ORDER BY 1")
    assert [row[0].rpartition("USING ")[2] for row in found] == ["btree (date)", "btree (developer_id)"]


# Columns


@pytest.mark.parametrize("view", [True, False])
def test_rows_go_in_by_name_where_columns_change_places(engine, view):
    publish(engine, "SELECT 1 AS a, 10 AS b")
    if view:
        engine.execute("CREATE VIEW public.theirs AS SELECT a FROM mart.t")
    publish(engine, "SELECT 20 AS b, 2 AS a")
    assert rows(engine) == [{"a": 2, "b": 20}]
    assert not left_over(engine)
    if view:
        assert rows(engine, "public.theirs") == [{"a": 2}]


def test_a_renamed_column_has_its_new_name_beside_a_view_that_does_not_read_it(engine):
    publish(engine, "SELECT 1 AS a, 10 AS cost")
    engine.execute("CREATE VIEW public.theirs AS SELECT a FROM mart.t")
    publish(engine, "SELECT 2 AS a, 20 AS cost_usd")
    assert rows(engine) == [{"a": 2, "cost_usd": 20}]
    assert rows(engine, "public.theirs") == [{"a": 2}]


def test_an_added_column_comes_into_the_standing_table_with_its_index(engine):
    publish(engine, "SELECT 1 AS a")
    engine.execute("CREATE VIEW public.theirs AS SELECT * FROM mart.t")
    select = "SELECT DATE '2026-01-01' AS date, 2 AS a, CAST('x' AS text) COLLATE \"C\" AS word"
    for _ in range(2):
        publish(engine, select)
        assert rows(engine) == [{"a": 2, "date": dt.date(2026, 1, 1), "word": "x"}]
    assert engine.fetch(
        "SELECT a.attname, c.collname FROM pg_attribute AS a JOIN pg_collation AS c ON c.oid = a.attcollation"
        " WHERE attrelid = 'mart.t'::regclass"
    ) == [("word", "C")]
    (index,) = engine.fetch("SELECT indexdef FROM pg_indexes WHERE tablename = 't'")
    assert index[0].endswith("(date)")
    assert rows(engine, "public.theirs") == [{"a": 2}]


def test_a_column_is_widened_in_place_with_its_index(engine):
    publish(engine, "SELECT 1 AS a, 'x' AS b, 1 AS c")
    engine.execute("CREATE INDEX by_a ON mart.t (a)")
    engine.execute("CREATE VIEW public.theirs AS SELECT b FROM mart.t")
    publish(engine, "SELECT 5000000000 AS a, 'y' AS b, DATE '2026-01-01' AS c")
    assert rows(engine) == [{"a": 5000000000, "b": "y", "c": dt.date(2026, 1, 1)}]
    assert engine.shapes("mart")["t"] == {"a": "bigint", "b": "text", "c": "date"}
    assert engine.fetch("SELECT indexname FROM pg_indexes WHERE tablename = 't'") == [("by_a",)]


@pytest.mark.parametrize(
    ("reader", "named"),
    [
        ("CREATE VIEW public.theirs AS SELECT a FROM mart.t", "view public.theirs (owner analyst)"),
        (
            "CREATE MATERIALIZED VIEW public.theirs AS SELECT a FROM mart.t",
            "materialized view public.theirs (owner analyst)",
        ),
        (
            "CREATE FUNCTION public.theirs() RETURNS int BEGIN ATOMIC SELECT * FROM mart.t; END",
            "function theirs() (owner analyst)",
        ),
    ],
)
@pytest.mark.parametrize(
    ("select", "change"),
    [
        ("SELECT 2 AS renamed", "loses its column a"),
        ("SELECT CAST(2 AS bigint) AS a", "has its column a become bigint"),
    ],
)
def test_a_change_that_a_reader_forbids_stops_before_publishing(
    engine, new_role, reader, named, select, change
):
    publish(engine, "SELECT 1 AS a")
    publish(engine, "SELECT 1 AS a", name="other")
    analyst = new_role("analyst")
    engine.execute(
        f"GRANT USAGE ON SCHEMA mart TO {analyst}; GRANT SELECT ON mart.t TO {analyst};"
        f" GRANT CREATE ON SCHEMA public TO {analyst}; SET ROLE {analyst}"
    )
    engine.execute(reader)
    engine.execute("RESET ROLE")

    def build():
        with engine.transaction():
            engine.create("mart", "other", "SELECT 2 AS a", "table", "table")
            engine.create("mart", "t", select, "table", "table")

    with pytest.raises(QueryError) as error:
        build()
    message = str(error.value)
    assert message.startswith(
        f"mart.t {change}, which PostgreSQL does not allow as long as this reads it: {named}."
    )
    assert "Nothing was published" in message
    assert "drop it, and make it anew" in message
    assert rows(engine) == rows(engine, "mart.other") == [{"a": 1}]
    assert not left_over(engine)


def test_a_policy_on_a_column_that_goes_is_named(engine):
    publish(engine, "SELECT 1 AS a, 'x' AS team")
    engine.execute("CREATE POLICY own_team ON mart.t USING (team = current_user)")
    with pytest.raises(QueryError, match=r"loses its column team.*policy own_team on table mart.t"):
        publish(engine, "SELECT 2 AS a")
    assert rows(engine) == [{"a": 1, "team": "x"}]


def test_a_mart_that_no_model_makes_any_more_stays_while_somebody_reads_it(engine):
    publish(engine, "SELECT 1 AS a")
    engine.execute("CREATE VIEW public.theirs AS SELECT a FROM mart.t")

    def drop():
        with engine.transaction():
            engine.drop("mart", "t", "table")

    with pytest.raises(QueryError, match=r"mart.t is dropped.*view public.theirs \(owner builder\)"):
        drop()
    assert rows(engine, "public.theirs") == [{"a": 1}]
    engine.execute("DROP VIEW public.theirs")
    drop()
    assert engine.kinds() == {}


# What hangs on a table


TIED = {
    "grants": "SELECT grantee, privilege_type, is_grantable FROM information_schema.table_privileges"
    " WHERE table_name = 't' ORDER BY 1, 2",
    "grants on columns": "SELECT attname, CAST(attacl AS text) FROM pg_attribute"
    " WHERE attrelid = 'mart.t'::regclass AND attacl IS NOT NULL",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE tablename = 't'",
    "policies": "SELECT policyname, permissive, roles, cmd, qual, with_check FROM pg_policies",
    "row security, owner, storage": "SELECT relrowsecurity, relforcerowsecurity,"
    " pg_get_userbyid(relowner), reloptions FROM pg_class WHERE oid = 'mart.t'::regclass",
    "publications": "SELECT pubname, schemaname, tablename FROM pg_publication_tables",
    "comments": "SELECT CAST(objoid AS regclass), objsubid, description FROM pg_description"
    " WHERE objoid IN ('mart.t'::regclass, 'mart.mine'::regclass) ORDER BY 3",
    "default privileges": "SELECT defaclobjtype, CAST(defaclacl AS text) FROM pg_default_acl",
    "statistics": "SELECT stxname FROM pg_statistic_ext",
}


@pytest.mark.parametrize("view", [True, False])
@pytest.mark.parametrize("select", ["SELECT 2 AS a, 'y' AS team", "SELECT 'y' AS team, 2 AS a, 3 AS b"])
def test_what_people_have_tied_to_a_table_survives_a_rebuild(engine, new_role, view, select):
    owner, reader = new_role("owner"), new_role("reader")
    publish(engine, "SELECT 1 AS a, 'x' AS team")
    if view:
        engine.execute("CREATE VIEW public.theirs AS SELECT a FROM mart.t")
    engine.execute(
        f"""
        GRANT SELECT, TRIGGER ON mart.t TO {reader} WITH GRANT OPTION;
        GRANT SELECT ON mart.t TO PUBLIC;
        GRANT UPDATE (team) ON mart.t TO {reader};
        CREATE UNIQUE INDEX mine ON mart.t (a) WHERE team <> '';
        ALTER TABLE mart.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, SET (fillfactor = 90);
        CREATE POLICY own_team ON mart.t AS RESTRICTIVE FOR SELECT TO {reader} USING (team = current_user);
        CREATE PUBLICATION told FOR TABLE mart.t;
        CREATE STATISTICS tied ON a, team FROM mart.t;
        COMMENT ON TABLE mart.t IS 'theirs';
        COMMENT ON COLUMN mart.t.a IS 'theirs, too';
        COMMENT ON INDEX mart.mine IS 'for the page of teams';
        ALTER DEFAULT PRIVILEGES IN SCHEMA mart GRANT SELECT ON TABLES TO {reader};
        GRANT ALL ON SCHEMA mart TO {owner};
        ALTER TABLE mart.t OWNER TO {owner}
        """
    )
    before = {what: engine.fetch(sql) for what, sql in TIED.items()}
    assert all(before.values())
    engine.tune()
    publish(engine, select)
    assert {what: engine.fetch(sql) for what, sql in TIED.items()} == before
    assert engine.fetch("SELECT a, team FROM mart.t") == [(2, "y")]


def test_who_may_write_a_table_need_not_own_it(engine, url, postgres, new_role):
    writer = new_role("writer")
    publish(engine, "SELECT 1 AS a")
    engine.execute(f"GRANT ALL ON SCHEMA mart TO {writer}; GRANT ALL ON mart.t TO {writer}")
    with connect(postgres.url(url.rpartition("/")[2], writer, "p")) as other:
        publish(other, "SELECT 2 AS a")
    assert rows(engine) == [{"a": 2}]


def test_rows_that_a_policy_hides_from_the_builder_stop_it(engine, url, postgres, new_role):
    owner = new_role("owner")
    engine.execute(f"GRANT ALL ON SCHEMA mart TO {owner}")
    with connect(postgres.url(url.rpartition("/")[2], owner, "p")) as builder:
        publish(builder, "SELECT 1 AS a")
        engine.execute("ALTER TABLE mart.t ENABLE ROW LEVEL SECURITY")
        publish(builder, "SELECT 2 AS a")
        engine.execute("ALTER TABLE mart.t FORCE ROW LEVEL SECURITY")
        with pytest.raises(QueryError, match="would be affected by row-level security policy"):
            publish(builder, "SELECT 3 AS a")
    assert rows(engine) == [{"a": 2}]


def test_rows_can_go_from_a_table_that_somebody_publishes_and_that_has_no_key(engine):
    publish(engine, "SELECT 1 AS a")
    engine.execute("CREATE PUBLICATION told FOR ALL TABLES")
    engine.tune()
    publish(engine, "SELECT 2 AS a")
    assert rows(engine) == [{"a": 2}]


@pytest.mark.parametrize(
    "tied",
    [
        "CREATE FUNCTION public.meddle() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.a := NEW.a + 1; RETURN NEW; END $$;"
        "CREATE TRIGGER meddle BEFORE INSERT ON mart.t FOR EACH ROW EXECUTE FUNCTION public.meddle()",
        "CREATE RULE meddle AS ON INSERT TO mart.t DO INSTEAD NOTHING",
    ],
)
def test_what_changes_the_rows_that_were_audited_stops_publishing(engine, tied):
    publish(engine, "SELECT 1 AS a")
    engine.execute(tied)
    with pytest.raises(QueryError, match=r"mart.t would not hold the rows that were audited.*triggers"):
        publish(engine, "SELECT 2 AS a")
    assert rows(engine) == [{"a": 1}]


def test_rows_of_others_that_point_to_a_table_stop_publishing(engine):
    publish(engine, "SELECT 1 AS a")
    engine.execute(
        "ALTER TABLE mart.t ADD PRIMARY KEY (a);"
        "CREATE TABLE public.notes (a int REFERENCES mart.t ON DELETE CASCADE, note text);"
        "INSERT INTO public.notes VALUES (1, 'precious')"
    )
    with pytest.raises(QueryError, match=r"foreign key notes_a_fkey of table public.notes \(owner builder\)"):
        publish(engine, "SELECT 1 AS a")
    assert rows(engine, "public.notes") == [{"a": 1, "note": "precious"}]


# Views, seeds, and what becomes another kind of thing


@pytest.mark.parametrize("columns", ["a AS b", "a, 1 AS b", "a"])
@pytest.mark.parametrize("number", ["2", "CAST(2 AS bigint)"])
def test_a_view_of_ours_keeps_its_grants(engine, new_role, columns, number):
    reader = new_role("reader")
    publish(engine, "SELECT 1 AS a")
    publish(engine, 'SELECT a FROM "mart"."t"', "view", "v")
    engine.execute(f"GRANT SELECT ON mart.v TO {reader} WITH GRANT OPTION; GRANT SELECT ON mart.v TO PUBLIC")
    granted = "SELECT grantee, privilege_type, is_grantable FROM information_schema.table_privileges"
    granted += " WHERE table_name = 'v' ORDER BY 1, 2"
    before = engine.fetch(granted)
    with engine.transaction():
        engine.create("mart", "t", f"SELECT {number} AS a", "table", "table")
        engine.create("mart", "v", f'SELECT {columns} FROM "mart"."t"', "view", "view")
    assert next(iter(rows(engine, "mart.v")[0].values())) == 2
    assert engine.fetch(granted) == before
    assert not left_over(engine)


@pytest.mark.parametrize(("old", "new"), [("table", "view"), ("view", "table")])
def test_what_becomes_another_kind_of_thing_keeps_its_grants(engine, new_role, old, new):
    reader = new_role("reader")
    publish(engine, "SELECT 1 AS a", old)
    engine.execute(f"GRANT SELECT ON mart.t TO {reader}")
    publish(engine, "SELECT 2 AS a", new)
    assert engine.kinds() == {("mart", "t"): new}
    assert engine.fetch(f"SELECT has_table_privilege('{reader}', 'mart.t', 'SELECT')") == [(True,)]
    assert rows(engine) == [{"a": 2}]


def test_a_seed_is_replaced_in_place(engine, new_role):
    reader = new_role("reader")
    engine.create_schema("staging")
    engine.create_empty("staging", "s", {"name": "text"}, None)
    engine.execute(f"GRANT SELECT ON staging.s TO {reader}; CREATE VIEW theirs AS SELECT * FROM staging.s")
    with engine.transaction():
        engine.create_empty("staging", "s", {"price": "float8", "name": "text"}, "table")
        engine.append("staging", "s", ["price", "name"], [(1.5, "a")])
        assert engine.fetch('SELECT * FROM "staging"."s"') == [(1.5, "a")]
    assert rows(engine, "staging.s") == [{"name": "a", "price": 1.5}]
    assert rows(engine, "theirs") == [{"name": "a"}]
    assert engine.fetch(f"SELECT has_table_privilege('{reader}', 'staging.s', 'SELECT')") == [(True,)]


# Comments


def test_our_comments_follow_the_contract_and_other_peoples_stay(engine):
    def describe(table, column):
        with engine.transaction():
            engine.create("mart", "t", "SELECT 1 AS a", "table", engine.kinds().get(("mart", "t")))
            engine.describe("mart", "t", "table", table, {"a": column})
        return engine.fetch(
            "SELECT obj_description('mart.t'::regclass), col_description('mart.t'::regclass, 1)"
        )

    assert describe("It's one.", "A.") == [("It's one.", "A.")]
    assert describe("Two.", "A.") == [("Two.", "A.")]
    engine.execute("COMMENT ON COLUMN mart.t.a IS 'theirs'")
    assert describe("Three.", "B.") == [("Three.", "theirs")]
    assert describe("Four.", "C.") == [("Four.", "theirs")]


# Whole builds


@pytest.fixture
def build(engine, tmp_path):
    """Builds the shop anew."""
    engine.create_schema("raw")
    engine.execute(
        "CREATE TABLE raw.sales"
        " (id bigint, timestamp timestamp, product text, amount float8, attributes json);"
        "CREATE TABLE raw.visits (id bigint, timestamp timestamp);"
        "INSERT INTO raw.sales VALUES (1, TIMESTAMP '2026-01-01', 'tea', 2)"
    )
    plan = compile_shop("postgres", shapes=engine.shapes("raw"))
    return lambda: run.build(engine, plan, as_of=NOW, project_dir=tmp_path, full_refresh=True).status


def test_a_build_that_cannot_be_published_says_so_and_is_recorded(engine, build):
    assert build() == "success"
    engine.execute(
        "ALTER TABLE mart.fct_product_sales RENAME revenue_usd TO revenue;"
        "CREATE VIEW theirs AS SELECT revenue FROM mart.fct_product_sales"
    )
    with pytest.raises(QueryError, match=r"loses its column revenue.*view public.theirs"):
        build()
    engine.execute("DROP VIEW theirs")
    assert build() == "success"
    assert engine.fetch("SELECT status FROM meta.runs ORDER BY run_id") == [
        ("success",),
        ("error",),
        ("success",),
    ]
    assert engine.fetch("SELECT product, sales, revenue_usd FROM mart.fct_product_sales") == [("tea", 1, 2.0)]
    assert run.audit(engine, compile_shop("postgres", shapes=engine.shapes("raw"))).status == "success"
