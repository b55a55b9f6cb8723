"""Raw tables that plain SQL made, through the command line, to the cent."""

import json

import pytest

from tests.cli.database import query

pytestmark = pytest.mark.slow

TABLES = """
CREATE SCHEMA raw;
CREATE TABLE raw.otel_metrics (
    id INTEGER, timestamp TIMESTAMP, developer_id VARCHAR, metric_name VARCHAR,
    metric_value DOUBLE, attributes JSON, created_at TIMESTAMP
);
CREATE TABLE raw.otel_logs (
    id INTEGER, timestamp TIMESTAMP, developer_id VARCHAR, severity VARCHAR, body VARCHAR,
    attributes JSON, created_at TIMESTAMP
);
CREATE TABLE raw.git_commits (
    id INTEGER, commit_hash VARCHAR, commit_message VARCHAR, author_name VARCHAR, author_email VARCHAR,
    commit_timestamp TIMESTAMP, files_changed INTEGER, lines_added INTEGER, lines_deleted INTEGER,
    agent_assisted BOOLEAN, agent_session_id VARCHAR, agent_type VARCHAR, developer_id VARCHAR,
    project_id VARCHAR, created_at TIMESTAMP
);
CREATE TABLE raw.copilot_metrics (
    id INTEGER, date DATE, developer_id VARCHAR, total_suggestions INTEGER, total_acceptances INTEGER,
    total_lines_suggested INTEGER, total_lines_accepted INTEGER, total_active_users INTEGER,
    language_breakdown JSON, created_at TIMESTAMP
);
"""

# Session "old" speaks as collectors of 2024 did: 1,000 + 200 + 50 + 4,000 tokens for $0.25.
LEGACY = """
INSERT INTO raw.otel_logs VALUES
    (1, '2026-11-02 09:00', 'ada', 'INFO', 'session_start',
     '{"session_id": "old", "agent_type": "claude_code", "model": "claude-sonnet-4-5"}', '2026-11-02'),
    (2, '2026-11-02 09:30', 'ada', 'INFO', 'session_end',
     '{"session_id": "old", "agent_type": "claude_code"}', '2026-11-02');
INSERT INTO raw.otel_metrics
SELECT id, '2026-11-02 09:10', 'ada', 'claude_code.' || name, value,
       '{"session_id": "old", "model": "claude-sonnet-4-5"}', '2026-11-02'
FROM (VALUES
    (1, 'tokens.input', 1000), (2, 'tokens.output', 200), (3, 'tokens.cache_creation', 50),
    (4, 'tokens.cache_read', 4000), (5, 'cost.usage', 0.25)
) AS points (id, name, value);
"""

# Session "new" as Claude Code sends it, without start or end, each request as log and as metric:
# 100 + 20 + 0 + 300 tokens for $1.00, on the next day. Three commits follow within five minutes.
REAL = """
INSERT INTO raw.otel_logs VALUES
    (11, '2026-11-03 10:00', NULL, NULL, 'claude_code.api_request',
     '{"event.name": "api_request", "session.id": "new", "user.email": "Ada@Example.com",
       "model": "claude-sonnet-4-5-20250929", "request_id": "req_1", "cost_usd": 0.4,
       "input_tokens": 60, "output_tokens": 10, "cache_read_tokens": 100, "cache_creation_tokens": 0}',
     '2026-11-03'),
    (12, '2026-11-03 10:05', NULL, NULL, 'claude_code.api_request',
     '{"event.name": "api_request", "session.id": "new", "user.email": "ada@example.com",
       "model": "claude-sonnet-4-5-20250929", "request_id": "req_2", "cost_usd": "0.6",
       "input_tokens": "40", "output_tokens": "10", "cache_read_tokens": "200"}',
     '2026-11-03');
INSERT INTO raw.otel_metrics
SELECT id, '2026-11-03 10:06', NULL, 'claude_code.' || name, value,
       '{"session.id": "new", "user.email": "ada@example.com", "model": "claude-sonnet-4-5-20250929",
         "type": "' || kind || '"}', '2026-11-03'
FROM (VALUES
    (11, 'token.usage', 'input', 100), (12, 'token.usage', 'output', 20),
    (13, 'token.usage', 'cacheRead', 300), (14, 'cost.usage', '', 1.0)
) AS points (id, name, kind, value);
INSERT INTO raw.git_commits
SELECT id, repeat(id::VARCHAR, 40), 'Work', 'Ada', 'ada@example.com', '2026-11-03 10:06', 1, 10, 2,
       false, NULL, NULL, NULL, 'app', '2026-11-03'
FROM (VALUES (1), (2), (3)) AS commits (id);
"""

OLD_DAY = ("2026-11-02", "ada", "claude_code", "claude-sonnet-4-5", 1, 1000, 200, 50, 4000, 0.25, 0)
NEW_DAY = ("2026-11-03", "ada@example.com", "claude_code", "claude-sonnet-4-5", 1, 100, 20, 0, 300, 1.0, 3)


def build(run, *statements):
    query(";".join([TABLES, *statements]))
    return run("build --as-of 2026-11-10")


def days():
    return query(
        "SELECT date::VARCHAR, developer_id, agent_type, model_name, total_sessions, total_input_tokens,"
        " total_output_tokens, total_cache_creation_tokens, total_cache_read_tokens, total_cost_usd,"
        " agent_assisted_commits FROM mart.fct_daily_agent_usage ORDER BY date"
    )


@pytest.mark.parametrize(
    ("statements", "expected"),
    [([LEGACY], [OLD_DAY]), ([REAL], [NEW_DAY]), ([LEGACY, REAL], [OLD_DAY, NEW_DAY])],
    ids=["legacy names", "real names", "both"],
)
def test_tables_of_any_collector_build_and_usage_counts_once(run, statements, expected):
    build(run, *statements)

    assert days() == expected


def test_a_dollar_with_three_commits_stays_a_dollar(run):
    build(run, REAL)

    commits = query("SELECT cost_usd, attribution_method, agent_session_id FROM mart.fct_git_commits")
    assert commits == [(pytest.approx(1 / 3), "time_window", "new")] * 3
    costs = query("SELECT daily_cost_usd, cumulative_cost_usd FROM mart.fct_agent_costs")
    assert costs == [(1.0, 1.0)]
    shown = json.loads(run("show fct_agent_costs --format json").stdout)
    assert [(row["date"], row["cumulative_cost_usd"]) for row in shown] == [("2026-11-03", 1.0)]


def test_words_never_seen_before_show_up_as_themselves(run):
    result = build(
        run,
        "INSERT INTO raw.otel_metrics VALUES (1, '2026-11-04', 'bo', 'new_agent.token.usage', 7,"
        """ '{"session.id": "s", "type": "input", "model": "new-model-1"}', '2026-11-04')""",
    )

    rows = query(
        "SELECT agent_type, model_name, total_tokens, total_cost_usd, unpriced_tokens"
        " FROM mart.fct_daily_agent_usage"
    )
    assert rows == [("new_agent", "new-model-1", 7, None, 7)]
    assert "every_token_has_a_cost (1 of 1 rows)" in result.stdout


def test_hostile_words_reach_a_terminal_as_text(run):
    words = "\x1b[31m [red] <script>"
    query(TABLES)
    query(
        "INSERT INTO raw.git_commits SELECT 1, 'a', e'\\x1b[31m [red] <script>', 'x', 'x@example.com',"
        " '2026-11-03', 1, 1, 1, true, NULL, 'codex', NULL, NULL, now()"
    )
    run("build --as-of 2026-11-10")

    shown = run("show fct_git_commits").stdout
    assert "\\x1b[31m [red] <script>" in shown
    assert json.loads(run("show fct_git_commits --format json").stdout)[0]["commit_message"] == words
    for report in ("text", "html", "markdown", "junit", "json"):
        assert "\x1b" not in run(f"report --format {report}").stdout
