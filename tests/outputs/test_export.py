"""Tables as files: what they hold, and that they come all together or not at all."""

import csv
from dataclasses import replace

import duckdb
import pyarrow.parquet
import pytest

from pipeline.engines import connect
from pipeline.errors import ModelError, SetupError
from pipeline.outputs.export import export_tables
from pipeline.plan import PlanColumn, PlanTable
from schemas.marts import DimAgents, FctAgentCosts, FctDailyAgentUsage, FctGitCommits
from tests.outputs.dashboard.marts import DAY, commit, developer, usage, write_marts

MESSAGE = 'Say "hello",\n=1+1; ß'


def planned(contract):
    """What a plan says of a mart, as far as an export asks."""
    columns = [PlanColumn(name, str(kind), "", True, "") for name, kind in contract.columns().items()]
    return PlanTable(contract.table(), "marts", "mart", "model", contract.doc(), columns, contract.key())


def test_columns_stand_in_the_order_of_the_contract(tmp_path):
    with connect(":memory:") as engine:
        engine.create_schema("mart")
        engine.create("mart", "t", "SELECT 1 AS b, 2 AS a", "table", None)
        columns = [PlanColumn(name, "int32", "INTEGER", True, "") for name in "ab"]
        table = PlanTable("t", "marts", "mart", "model", "", columns, ["a"])
        (done,) = export_tables(engine, [table], tmp_path, format="csv")
    assert done.file.read_text() == '"a","b"\n2,1\n'


@pytest.fixture
def engine(tmp_path):
    path = write_marts(
        tmp_path / "x.duckdb",
        usages=[usage(model=model, total_tokens=5, total_cost_usd=None) for model in "ba"],
        commits=[commit(1, commit_message=MESSAGE), commit(2, date=DAY, commit_message=None)],
        developers=[developer("ada@example.com", "Ada")],
        agents=[("claude_code", "Claude Code")],
    )
    with connect(str(path), read_only=True) as engine:
        yield engine


def test_parquet_holds_rows_and_types_of_the_table(engine, tmp_path):
    tables = [planned(FctGitCommits), planned(FctDailyAgentUsage)]
    done = export_tables(engine, tables, tmp_path / "out")
    assert [(one.table, one.rows) for one in done] == [("fct_git_commits", 2), ("fct_daily_agent_usage", 2)]
    for one in done:
        with duckdb.connect() as reader:
            rows = reader.execute(f"SELECT * FROM '{one.file}'").fetchall()
        assert rows == engine.fetch(f"SELECT * FROM mart.{one.table} ORDER BY ALL")
    schema = pyarrow.parquet.read_schema(tmp_path / "out" / "fct_git_commits.parquet")
    assert str(schema.field("commit_timestamp").type) == "timestamp[us, tz=UTC]"
    assert str(schema.field("commit_date").type) == "date32[day]"


def test_csv_holds_rows_in_the_order_of_the_key(engine, tmp_path):
    (done,) = export_tables(engine, [planned(FctGitCommits)], tmp_path, format="csv")
    with done.file.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["commit_message"], second["commit_message"]) == (MESSAGE, "")
    assert done.guarded == 0
    assert first["commit_timestamp"] == "2026-11-10 12:00:00.000000Z"
    assert first["is_agent_assisted"] == "false"


# What a spreadsheet would run, what it would not, and how a text stands in the file.
TEXTS = {
    '=HYPERLINK("http://evil.example")': '\'=HYPERLINK("http://evil.example")',
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t=1",
    "\r=1": "'\r=1",
    "\n=1": "'\n=1",
    "＝1": "'＝1",
    "a=1": "a=1",
    "'=1": "'=1",
    " =1": " =1",
    "": "",
}


def test_text_of_a_csv_file_is_no_formula_to_a_spreadsheet_unless_that_is_asked_for(tmp_path):
    path = write_marts(
        tmp_path / "x.duckdb",
        commits=[commit(n, commit_message=text, lines_changed=-n) for n, text in enumerate(TEXTS)],
    )

    def messages(**options):
        with connect(str(path), read_only=True) as engine:
            (done,) = export_tables(engine, [planned(FctGitCommits)], tmp_path, format="csv", **options)
        with done.file.open(encoding="utf-8", newline="") as file:
            rows = [*csv.DictReader(file)]
        assert [int(row["lines_changed"]) for row in rows] == [-n for n in range(len(TEXTS))]
        return done.guarded, [row["commit_message"] for row in rows]

    assert messages() == (8, [*TEXTS.values()])
    assert messages(formulas=True) == (0, [*TEXTS])


def test_table_without_rows_is_a_file_with_its_columns(engine, tmp_path):
    (done,) = export_tables(engine, [planned(FctAgentCosts)], tmp_path, format="csv")
    assert done.rows == 0
    assert done.file.read_text().startswith('"date","developer_id","agent_type","daily_cost_usd"')


def test_what_cannot_be_written_leaves_the_files_as_they_were(engine, tmp_path):
    folder = tmp_path / "out"
    (folder / "dim_agents.parquet").mkdir(parents=True)
    (folder / "dim_agents.parquet" / "kept").write_text("")
    with pytest.raises(SetupError, match=r"dim_agents\.parquet cannot be written"):
        export_tables(engine, [planned(DimAgents)], folder)
    assert [file.name for file in folder.iterdir()] == ["dim_agents.parquet"]


def test_table_that_is_not_published_is_named_before_anything_is_written(engine, tmp_path):
    tables = [planned(DimAgents), replace(planned(DimAgents), name="dim_models")]
    with pytest.raises(ModelError, match="dim_models is not published"):
        export_tables(engine, tables, tmp_path / "out")
    assert not (tmp_path / "out").exists()
