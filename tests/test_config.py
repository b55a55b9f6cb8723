"""The configuration file: what it says, what it refuses, and that it keeps secrets."""

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.config import Config, Freshness, Privacy, Target, load_config, redact
from pipeline.errors import ConfigError, TargetError


@pytest.fixture(autouse=True)
def _no_target_in_the_environment(monkeypatch):
    monkeypatch.delenv("AA_PIPELINE_TARGET", raising=False)


@pytest.fixture
def config(tmp_path):
    """Loads a configuration from its text."""

    def load(text: str) -> Config:
        (tmp_path / "aa-pipeline.toml").write_text(text)
        return load_config(tmp_path)

    return load


def test_without_a_file_everything_has_its_default(tmp_path):
    assert load_config(tmp_path) == Config(
        targets={},
        default_target=None,
        timezone="UTC",
        internal_domains=(),
        window_days=90,
        time_window_seconds=300,
        project_attributes=(),
        project_roots=(),
        freshness={},
        severity={},
        memory_limit=None,
        retention={},
        privacy=Privacy(pseudonyms=False, min_group=1),
        project_dir=tmp_path,
    )


def test_every_key_is_read(config, tmp_path):
    loaded = config(
        """
        default_target = "prod"
        timezone = "Europe/Berlin"
        internal_domains = ["Example.com", "@example.org"]
        window_days = 30
        time_window_seconds = 0
        project_attributes = ["repo", "team-x.project", "repo"]
        project_roots = ["/srv/work", "~/work", "C:\\\\work"]
        memory_limit = "4GB"

        [targets]
        dev = "dev.duckdb"

        [targets.prod]
        url = "postgres://ada:${PGPASS}@db/prod"
        options = { connect_timeout = 3 }
        severity = { fct_agent_costs = "warn 1%" }

        [freshness]
        otel_logs = { warn_after = "36h", error_after = "3 days" }
        git_commits = { warn_after = "2w" }

        [severity]
        fct_git_commits = "warn"

        [severity.dim_agents]
        "not_null(agent_type)" = "warn"

        [retention]
        otel_logs = 400
        quarantine = 30

        [privacy]
        pseudonyms = true
        """
    )

    assert loaded == Config(
        targets={
            "dev": Target("dev", "dev.duckdb"),
            "prod": Target(
                "prod",
                "postgres://ada:${PGPASS}@db/prod",
                {"connect_timeout": 3},
                {"fct_agent_costs": "warn 1%"},
            ),
        },
        default_target="prod",
        timezone="Europe/Berlin",
        internal_domains=("example.com", "example.org"),
        window_days=30,
        time_window_seconds=0,
        project_attributes=("repo", "team-x.project"),
        project_roots=("/srv/work", str(Path.home() / "work"), "C:\\work"),
        freshness={
            "otel_logs": Freshness(timedelta(hours=36), timedelta(days=3)),
            "git_commits": Freshness(timedelta(weeks=2)),
        },
        severity={"fct_git_commits": "warn", "dim_agents.not_null(agent_type)": "warn"},
        memory_limit="4GB",
        retention={"otel_logs": 400, "quarantine": 30},
        privacy=Privacy(pseudonyms=True, min_group=5),
        project_dir=tmp_path,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timezoen = 'UTC'", r"unknown key timezoen. Did you mean timezone\?"),
        ("timezone = 'Mars/Olympus'", "'Mars/Olympus', which is no time zone"),
        ("timezone = '../../etc/passwd'", "which is no time zone"),
        ("timezone = 1", "timezone must be a text"),
        ("internal_domains = 'example.com'", "must be a list"),
        ("internal_domains = [1]", "must be a text"),
        ("window_days = 0", "whole number from 1 to 36500, not 0"),
        ("window_days = true", "whole number from 1 to 36500, not True"),
        ("window_days = 1.5", "whole number"),
        ("window_days = 99999999999", "whole number from 1 to 36500"),
        ("time_window_seconds = -1", "whole number from 0 to 31536000"),
        ("project_attributes = 'repo'", "project_attributes must be a list, such as"),
        ("project_attributes = [1]", "project_attributes must be a list, such as"),
        ("project_attributes = ['re\"po']", "'re\"po' is no name of an attribute"),
        ("project_attributes = ['a__b']", "'a__b' is no name of an attribute"),
        ("project_roots = '~/work'", "project_roots must be a list, such as"),
        ("project_roots = ['work']", "'work' is no whole path"),
        ("project_roots = ['~nobody-here/work']", "'~nobody-here/work' is no whole path"),
        ("project_attributes = ['Repo']", "It has small letters"),
        ("memory_limit = 'much'", "must be a size"),
        ("targets = 'dev.duckdb'", "targets must be a table"),
        ("targets.dev = 3", "targets.dev must be a table"),
        ("targets.dev.uri = 'x'", r"targets.dev: unknown key uri. Did you mean url\?"),
        ("targets.dev = 'nowhere'", "targets.dev: nowhere is no connection URL"),
        ("[targets.dev]", "targets.dev.url must be a text"),
        ("default_target = 'prd'\ntargets.prod = 'x.duckdb'", r"Did you mean prod\?"),
        (
            "freshness.otel_log.warn_after = '1h'",
            r"freshness: unknown key otel_log. Did you mean otel_logs\?",
        ),
        ("freshness.otel_logs.after = '1h'", "freshness.otel_logs: unknown key after"),
        ("freshness.otel_logs.warn_after = 'soon'", "must be a duration"),
        ("severity.dim_agents = 'warn some'", "severity.dim_agents can be error or warn"),
        ("severity.dim_agents = 'fatal'", "severity.dim_agents can be error or warn"),
        ("retention.otel_log = 3", r"retention: unknown key otel_log. Did you mean otel_logs\?"),
        ("retention.quarantene = 3", r"retention: unknown key quarantene. Did you mean quarantine\?"),
        ("retention.runs = 0", "retention.runs must be a whole number from 1 to 36500, not 0"),
        ("retention.runs = '30d'", "retention.runs must be a whole number"),
        ("retention = 30", "retention must be a table"),
        ("timezone = ", "is not valid TOML: Invalid value"),
    ],
)
def test_what_is_wrong_is_named(config, text, message):
    with pytest.raises(ConfigError, match=message):
        config(text)


def test_a_file_that_is_no_text_is_an_error(tmp_path):
    (tmp_path / "aa-pipeline.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(tmp_path)


def test_a_folder_in_place_of_the_file_is_an_error(tmp_path):
    (tmp_path / "aa-pipeline.toml").mkdir()

    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


def test_the_option_wins_over_the_environment_over_the_file_over_the_default(monkeypatch):
    config = Config(targets={"dev": Target("dev", "dev.duckdb")}, default_target="dev")
    assert Config().target() == Target("duckdb://agent_analytics.duckdb", "duckdb://agent_analytics.duckdb")
    assert config.target() == Target("dev", "dev.duckdb")

    monkeypatch.setenv("AA_PIPELINE_TARGET", "env.duckdb")
    assert config.target() == Target("env.duckdb", "env.duckdb")
    assert config.target(":memory:") == Target(":memory:", ":memory:")

    monkeypatch.setenv("AA_PIPELINE_TARGET", "")
    assert config.target() == Target("dev", "dev.duckdb")


def test_an_unknown_target_is_named_with_the_close_match():
    config = Config(targets={"prod": Target("prod", "x.duckdb")})

    with pytest.raises(TargetError, match=r"no target prd. Did you mean prod\? Known targets: prod"):
        config.target("prd")


def test_a_url_takes_its_secrets_from_the_environment(config, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "p@ss/word:1")
    monkeypatch.setenv("DB_HOST", "db:5433")
    loaded = config("targets.prod = 'postgres://ada:${DB_PASSWORD}@${DB_HOST}/prod'")

    assert loaded.target("prod").url == "postgres://ada:p%40ss%2Fword%3A1@db:5433/prod"


def test_a_whole_url_may_come_from_the_environment(config, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://ada:secret@db/prod")
    target = config("targets.prod = '${DATABASE_URL}'").target("prod")

    assert target.url == "postgres://ada:secret@db/prod"
    assert str(target) == "prod (postgres://ada:***@db/prod)"


@pytest.mark.parametrize("value", [None, ""])
def test_an_unset_variable_is_an_error_of_the_target_that_needs_it(config, monkeypatch, value):
    monkeypatch.delenv("DB_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("DB_PASSWORD", value)
    loaded = config("targets.dev = 'dev.duckdb'\ntargets.prod = 'postgres://ada:${DB_PASSWORD}@db/prod'")

    assert loaded.target("dev").url == "dev.duckdb"
    with pytest.raises(ConfigError, match="prod needs the environment variable DB_PASSWORD"):
        loaded.target("prod")


def test_a_password_in_the_file_is_refused_and_not_repeated(config):
    with pytest.raises(ConfigError, match="holds a password") as caught:
        config("targets.prod = 'postgres://ada:hunter2@db/prod'")

    assert "hunter2" not in str(caught.value)
    assert "postgres://ada:${PASSWORD}@db/prod" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://ada:hunter2@db/prod", "postgres://ada:***@db/prod"),
        ("postgres://ada:hun@ter2@db/prod", "postgres://ada:***@db/prod"),
        ("postgres://ada:hun/ter2@db/prod", "postgres://ada:***@db/prod"),
        ("postgres://:hunter2@db/prod", "postgres://:***@db/prod"),
        (
            "postgres://db/prod?user=ada&password=hunter2&sslmode=require",
            "postgres://db/prod?user=ada&password=***&sslmode=require",
        ),
        ("duckdb://md:x?motherduck_token=hunter2", "duckdb://md:x?motherduck_token=***"),
        ("duckdb://agent_analytics.duckdb", "duckdb://agent_analytics.duckdb"),
        (
            "no database at postgres://a:hunter2@db:5432/x.",
            "no database at postgres://a:***@db:5432/x.",
        ),
    ],
)
def test_nothing_that_people_see_holds_a_secret(url, shown):
    assert redact(url) == shown
    assert str(Target(url, url)) == shown
    assert "hunter2" not in repr(Config(targets={"prod": Target("prod", url)}))


def test_target_overrides_severities():
    config = Config(severity={"dim_agents": "warn", "fct_agent_costs": "error"})
    target = Target("prod", "x.duckdb", severity={"dim_agents": "error 10"})
    severity = config.for_target(target).severity
    assert severity == {"dim_agents": "error 10", "fct_agent_costs": "error"}
