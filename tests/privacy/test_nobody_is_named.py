"""With `pseudonyms = true` no name, address, message or home folder is found anywhere, and numbers stay."""

import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.notebook import Pipeline
from tests.privacy import company

pytestmark = pytest.mark.slow

DATABASE = "agent_analytics.duckdb"
KEY = "a key of the tests"
TABLES = (
    *("dim_agents", "dim_developers", "fct_agent_costs", "fct_daily_agent_usage", "fct_git_commits"),
    *("fct_billed", "fct_reconciliation", "dim_projects", "dim_teams", "fct_sessions"),
    *("fct_budgets", "fct_costs_by_project", "fct_costs_by_team", "fct_tool_usage"),
    *("dim_seats", "fct_code_survival", "fct_seats"),
)
# Columns that tell of people, and what else pseudonyms may change.
OF_PEOPLE = (
    *("developer_id", "developer_name", "developer_email", "author_name", "author_email"),
    *("commit_message", "project_id", "owner", "api_key_id", "workspace_id", "scope"),
)
LOOKS = (
    "build --as-of {as_of}",
    "test",
    "report",
    "report --format html -o report.html",
    "report --format json",
    "report --format junit -o report.xml",
    "docs generate",
    "dashboard",
    "export --format csv -o csv",
    "export --format parquet -o parquet -s raw_otel_logs+",
    "notebook",
    "debug",
    "debug --format json",
    "source freshness",
    "ls",
    "ingest transcripts --list",
    "ingest git {home}/gone",
    "maintain",
    "copy --from agent_analytics.duckdb --to copied.duckdb",
    "--log-level debug build --as-of {as_of} --full-refresh --store-failures",
    *(f"show {table} --limit 1000" for table in TABLES),
    *(
        f"show {table} --limit 1000 --format json"
        for table in ("raw_otel_logs", "raw_git_commits", "identities")
    ),
    *(f"show meta.{table} --limit 1000" for table in ("quarantine", "ingests", "runs")),
)


class Way:
    """A project in which all commands have run.

    Attributes:
        folder: with everything that they wrote.
        said: what they printed.
    """

    def __init__(self, folder: Path, files: dict[str, list[str]], home: Path) -> None:
        self.folder = folder
        self.files = files
        self.home = home
        self.said = ""

    def run(self, *words: str) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setenv("AA_PIPELINE_PRIVACY_KEY", KEY)
            patch.setenv("HOME", str(self.home))
            result = CliRunner().invoke(cli, words)
        assert not isinstance(result.exception, Exception) or result.exit_code, result.output
        assert "defect" not in result.output, result.output
        self.said += result.output
        return result.output

    def ingest(self) -> None:
        for kind, paths in self.files.items():
            more = {"transcripts": ["--developer", "Ada@corp.example"], "git": ["--survival"]}.get(kind, [])
            assert "landed" in self.run("ingest", kind, *paths, *more)

    def look(self) -> None:
        for words in LOOKS:
            self.run(*words.format(as_of=company.AS_OF, home=self.home).split())

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.folder / DATABASE), read_only=True) as database:
            return database.execute(sql).fetchall()

    def told(self, table: str) -> list[str]:
        """Rows of a mart without what tells of people; who did what stays together."""
        with duckdb.connect(str(self.folder / DATABASE), read_only=True) as database:
            rows = database.execute(f"SELECT * FROM {table}")
            columns = [column[0] for column in rows.description]
            return sorted(
                repr({name: value for name, value in zip(columns, row, strict=True) if name not in OF_PEOPLE})
                for row in rows.fetchall()
            )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    home = tmp_path_factory.mktemp("home") / "lovelace"
    return home, company.make(home)


@pytest.fixture(scope="module")
def plain(files, tmp_path_factory):
    home, paths = files
    way = Way(company.project(tmp_path_factory.mktemp("plain") / "project", pseudonyms=False), paths, home)
    way.ingest()
    way.run("build", "--as-of", company.AS_OF)
    return way


@pytest.fixture(scope="module")
def hidden(files, tmp_path_factory):
    home, paths = files
    way = Way(company.project(tmp_path_factory.mktemp("hidden") / "project", pseudonyms=True), paths, home)
    way.ingest()
    way.look()
    return way


@pytest.fixture(scope="module")
def switched_on(files, tmp_path_factory):
    """Everything had landed and been published in plain before."""
    home, paths = files
    way = Way(company.project(tmp_path_factory.mktemp("later") / "project", pseudonyms=False), paths, home)
    way.ingest()
    way.run("build", "--as-of", company.AS_OF, "--store-failures")
    way.said = ""
    file = way.folder / "aa-pipeline.toml"
    file.write_text(file.read_text() + "[privacy]\npseudonyms = true\nmin_group = 1\n")
    way.look()
    return way


def found(text: str) -> list[str]:
    return [name for name in company.NAMES if name in text.lower()]


def texts(way: Way) -> dict[str, str]:
    """All that there is, by where it stands: bytes of every file, and what files of tables hold unpacked."""
    there = {"said": way.said}
    for file in way.folder.rglob("*"):
        if file.is_file() and "seeds" not in file.parts:
            there[str(file.relative_to(way.folder))] = file.read_bytes().decode("latin-1")
    with duckdb.connect() as database:
        for file in way.folder.rglob("*.parquet"):
            there[f"rows of {file.name}"] = str(database.execute(f"FROM '{file}'").fetchall())
    for file in way.folder.glob("*.duckdb"):
        with duckdb.connect(str(file), read_only=True) as database:
            for schema, table in database.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() UNION ALL"
                " SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal"
            ).fetchall():
                rows = database.execute(f'FROM "{schema}"."{table}"').fetchall()
                there[f"rows of {file.name} {schema}.{table}"] = str(rows)
    return there


def where_named(way: Way) -> dict[str, list[str]]:
    """The names that are found, with what stands around the first of each."""
    return {
        place: [around(text, name) for name in names]
        for place, text in texts(way).items()
        if (names := found(text))
    }


def around(text: str, name: str) -> str:
    at = text.lower().index(name)
    return text[max(0, at - 80) : at + 40]


def test_the_search_finds_names_where_there_are_some(plain):
    assert set(found("".join(texts(plain).values()))) == {*company.NAMES}


def test_nobody_is_named_in_database_pages_exports_and_what_is_said(hidden):
    assert where_named(hidden) == {}
    written = ("csv/dim_developers.csv", "dashboard/index.html", "report.html", "report.xml", "copied.duckdb")
    assert [name for name in written if not (hidden.folder / name).exists()] == []


def test_nobody_is_named_where_pseudonyms_were_switched_on_later(switched_on):
    assert where_named(switched_on) == {}


def test_a_notebook_sees_pseudonyms(hidden, monkeypatch, tmp_path):
    monkeypatch.setenv("AA_PIPELINE_PRIVACY_KEY", KEY)
    shutil.copytree(hidden.folder, tmp_path / "copy")
    aa = Pipeline(folder=tmp_path / "copy")
    assert aa.build().result.status == "success"
    for table in (*TABLES, "raw.otel_logs", "raw.git_commits", "meta.quarantine", "identities"):
        assert found(str(aa.table(table).execute().to_dict())) == []


@pytest.mark.parametrize("way", ["hidden", "switched_on"])
@pytest.mark.parametrize("table", TABLES)
def test_all_numbers_are_as_they_are_without(plain, table, way, request):
    assert request.getfixturevalue(way).told(f"mart.{table}") == plain.told(f"mart.{table}")


@pytest.mark.parametrize("way", ["hidden", "switched_on"])
def test_as_many_people_do_as_much(plain, way, request):
    """Sums by developer, whoever it is."""
    queries = [
        "SELECT sum(total_tokens), round(sum(total_cost_usd), 6), sum(total_sessions),"
        " sum(copilot_suggestions) FROM mart.fct_daily_agent_usage GROUP BY developer_id",
        "SELECT count(*), sum(lines_added) FROM mart.fct_git_commits GROUP BY developer_id",
        "SELECT count(*), count(DISTINCT alias) FROM meta.identity_aliases GROUP BY developer_id, kind",
        "SELECT count(*) FROM mart.dim_developers GROUP BY developer_type",
        "SELECT count(*), sum(records) FROM meta.quarantine GROUP BY source, agent",
    ]
    hidden = request.getfixturevalue(way)
    for query in queries:
        assert Counter(map(str, hidden.query(query))) == Counter(map(str, plain.query(query))), query


def test_budgets_count_their_developers_and_the_misspelt_one_is_not_named(plain, hidden):
    broken = "SELECT failures FROM meta.audit_results WHERE audit = 'inside_budget' ORDER BY run_id LIMIT 1"
    assert hidden.query(broken) == plain.query(broken) == [(1,)]
    assert "The budget developer:cleo@cury.example limits nothing" in plain.said
    assert (
        "The budget developer:… limits nothing" in hidden.said
        or "The budget developer:person-" in hidden.said
    )
