"""A build says which budgets and identities match nothing, and what may have been meant."""

import datetime as dt

import pytest

from pipeline.engines import connect
from pipeline.run import build
from pipeline.run.unmatched import unmatched

TABLES = """
CREATE SCHEMA staging; CREATE SCHEMA mart;
CREATE TABLE staging.budgets (scope VARCHAR);
CREATE TABLE staging.identities (alias VARCHAR, developer_id VARCHAR);
CREATE TABLE staging.agents (agent_type VARCHAR);
INSERT INTO staging.agents VALUES ('claude_code'), ('codex');
CREATE TABLE staging.stg_git_commits (author_email VARCHAR);
CREATE TABLE staging.stg_log_events (developer_email VARCHAR);
CREATE TABLE staging.stg_metric_activity (developer_email VARCHAR);
CREATE TABLE mart.dim_agents (agent_type VARCHAR);
INSERT INTO mart.dim_agents VALUES ('codex'), ('acme_agent');
CREATE TABLE mart.dim_teams (team VARCHAR, parent_team VARCHAR);
INSERT INTO mart.dim_teams VALUES ('Web', 'Product'), ('unknown', NULL);
CREATE TABLE mart.fct_costs_by_project (project_id VARCHAR);
INSERT INTO mart.fct_costs_by_project VALUES ('octo/shop'), ('unknown');
CREATE TABLE staging.stg_team_members (cost_centre VARCHAR);
INSERT INTO staging.stg_team_members VALUES ('4711'), (NULL);
CREATE TABLE mart.dim_developers (developer_id VARCHAR);
INSERT INTO mart.dim_developers VALUES ('ada@example.com'), ('bob@example.com'), ('octocat'), ('unknown')
"""


@pytest.fixture
def said():
    """What is said of scopes and of pairs of names, beside what else there is."""
    with connect(":memory:") as engine:
        engine.execute(TABLES)

        def said(scopes=(), identities=(), emails=()):
            engine.append("staging", "budgets", ["scope"], [[scope] for scope in scopes])
            engine.append("staging", "identities", ["alias", "developer_id"], identities)
            engine.append("staging", "stg_git_commits", ["author_email"], [[email] for email in emails])
            return unmatched(engine, engine.kinds())

        said.engine = engine
        yield said


def test_budgets_that_match_say_nothing(said):
    scopes = ["all", "developer:ada@example.com", "agent:claude_code", "agent:acme_agent"]
    scopes += ["team:Web", "team:Product", "team:unknown", "project:octo/shop", "cost_centre:4711"]
    assert said(scopes) == []


@pytest.mark.parametrize(
    ("scope", "sentence"),
    [
        (
            "developer:adaa@example.com",
            "The budget developer:adaa@example.com limits nothing: no record is of adaa@example.com."
            " Did you mean ada@example.com?",
        ),
        ("developer:zz", "The budget developer:zz limits nothing: no record is of zz."),
        (
            "agent:claude-code",
            "The budget agent:claude-code limits nothing: claude-code is no agent. Did you mean claude_code?",
        ),
        (
            "team:Wep",
            "The budget team:Wep limits nothing: seeds/teams.csv has no team Wep. Did you mean Web?",
        ),
        (
            "project:octo/shops",
            "The budget project:octo/shops limits nothing: no usage is of octo/shops."
            " Did you mean octo/shop?",
        ),
        (
            "cost_centre:471",
            "The budget cost_centre:471 limits nothing: no team of seeds/teams.csv is of 471."
            " Did you mean 4711?",
        ),
    ],
)
def test_a_budget_that_matches_nothing_is_named_once_with_the_close_match(said, scope, sentence):
    assert said([scope, scope, "all"]) == [sentence]


def test_of_many_budgets_some_are_named(said):
    found = said([f"team:T{number}" for number in range(8)])
    assert len(found) == 6
    assert found[-1] == "3 more budgets limit nothing."


@pytest.mark.parametrize(
    ("alias", "person", "name", "meant"),
    [
        ("octocatt", "ada@example.org", "octocatt", "octocat"),  # of nobody who is in the tables
        ("bobb@example.com", "ada@example.com", "bobb@example.com", "bob@example.com"),
        ("bob@exmaple.com", "ada@example.com", "bob@exmaple.com", "bob@example.com"),
        ("ada-l", "adaa@example.com", "adaa@example.com", "ada@example.com"),
    ],
)
def test_an_identity_that_matches_nothing_is_named_with_the_close_match(said, alias, person, name, meant):
    (sentence,) = said(identities=[(alias, person)])
    assert sentence == (f"The identity map names {name}, whom no record names. Did you mean {meant}?")


def test_an_identity_is_in_order_that_is_named_by_a_record_or_like_nobody_else(said):
    identities = [
        ("bobb@example.com", "ada@example.com"),  # an author
        ("rob@example.com", "ada@example.com"),  # no record, and Bob is another
        ("carol-l", "carol@example.com"),  # not here yet
        ("octocatt", "octocat"),  # an account: nobody can know
    ]
    assert said(identities=identities, emails=["bobb@example.com"]) == []


@pytest.mark.slow
def test_a_build_warns_of_them(database, compiled, tmp_path):
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "budgets.csv").write_text(
        "scope,month,budget_usd\nall,2026-03-01,5\ndeveloper:adaa@example.com,2026-03-01,5\n"
    )
    (seeds / "identities.csv").write_text("alias,developer_id\nbobb@example.com,ada@example.com\n")
    for number, email in enumerate(("ada@example.com", "bob@example.com")):
        database.execute(
            "INSERT INTO raw.git_commits (id, commit_hash, commit_timestamp, author_email)"
            f" VALUES ({number}, 'c{number}', '2026-03-10', '{email}')"
        )
    as_of = dt.datetime(2026, 3, 20, tzinfo=dt.UTC)
    for _ in range(2):  # whether or not something is new
        result = build(database, compiled(), as_of=as_of, project_dir=tmp_path)
        assert [warning for warning in result.warnings if "Did you mean" in warning] == [
            "The budget developer:adaa@example.com limits nothing: no record is of adaa@example.com."
            " Did you mean ada@example.com?",
            "The identity map names bobb@example.com, whom no record names. Did you mean bob@example.com?",
        ]


def test_a_database_without_these_tables_has_nothing_to_say():
    with connect(":memory:") as engine:
        assert unmatched(engine, engine.kinds()) == []
