"""Raw tables of realistic shape, of any size, made by DuckDB itself.

Half of the rows are log records, of which a third are model requests; nearly half are metric points, in
series of one attribute text each; the rest are commits and Copilot rows. Of the sessions some have
both forms, some logs only, some metrics only.

    python -m tests.benchmarks.generate 1000000 raw.duckdb
"""

import sys
from pathlib import Path

import duckdb

DAYS = 90
START = "2026-08-26"
# One session: so many log records, and so many points of its metrics.
LOGS, POINTS = 60, 54
MODELS = "['claude-opus-5', 'claude-sonnet-5', 'claude-haiku-4-5', 'claude-sonnet-4-5-20250929']"

SESSIONS = """
CREATE TEMP TABLE sessions AS
SELECT
    's' || number AS session_id,
    'dev' || (hash(number) % greatest(8, {sessions} // 200)::UBIGINT) || '@example.com' AS email,
    TIMESTAMP '{start}' + INTERVAL (number * {days} * 86400.0 / {sessions}) SECOND AS started_at,
    {models}[(1 + hash(number, 1) % 4)::BIGINT] AS model,
    hash(number, 2) % 10 < 8 AS has_logs,
    hash(number, 2) % 10 >= 6 OR hash(number, 2) % 10 < 3 AS has_metrics
FROM range({first}, {last}) AS t(number)
"""

OTEL_LOGS = """
INSERT INTO raw.otel_logs
SELECT
    {base} + row_number() OVER (),
    started_at + INTERVAL (step * 20) SECOND,
    NULL,
    NULL,
    'claude_code.' || event,
    json_object(
        'session.id', session_id, 'user.email', email, 'terminal.type', 'vscode', 'app.version', '2.1.300',
        'event.name', event, 'event.sequence', step, 'event.timestamp', started_at::VARCHAR,
        'model', CASE WHEN event = 'api_request' THEN model END,
        'request_id', CASE WHEN event = 'api_request' THEN 'req_' || session_id || '_' || step END,
        'input_tokens', CASE WHEN event = 'api_request' THEN hash(session_id, step) % 5000 END,
        'output_tokens', CASE WHEN event = 'api_request' THEN hash(session_id, step, 1) % 2000 END,
        'cache_read_tokens', CASE WHEN event = 'api_request' THEN hash(session_id, step, 2) % 90000 END,
        'cache_creation_tokens', CASE WHEN event = 'api_request' THEN hash(session_id, step, 3) % 9000 END,
        'cost_usd', CASE WHEN event = 'api_request' THEN (hash(session_id, step, 4) % 100000) / 1e6 END,
        'duration_ms', hash(session_id, step, 5) % 20000,
        'tool_name', CASE WHEN event LIKE 'tool%' THEN 'Edit' END,
        'decision', CASE WHEN event = 'tool_decision' THEN 'accept' END
    ),
    started_at + INTERVAL (step * 20 + 5) SECOND
FROM (
    SELECT *, ['api_request', 'tool_decision', 'tool_result'][1 + step % 3] AS event
    FROM sessions, range({logs}) AS steps(step)
    WHERE has_logs
)
"""

OTEL_METRICS = """
INSERT INTO raw.otel_metrics
SELECT
    {base} + row_number() OVER (),
    started_at + INTERVAL (minute * 60) SECOND,
    NULL,
    CASE WHEN kind = 5 THEN 'claude_code.cost.usage' ELSE 'claude_code.token.usage' END,
    CASE WHEN kind = 5 THEN (hash(session_id, minute) % 100000) / 1e6
        ELSE hash(session_id, minute, kind) % 50000 END,
    json_object(
        'session.id', session_id, 'user.email', email, 'terminal.type', 'vscode', 'model', model,
        'query_source', 'main', 'organization.id', 'org-1',
        'type', [NULL, 'input', 'output', 'cacheRead', 'cacheCreation', NULL][1 + kind]
    ),
    started_at + INTERVAL (minute * 60 + 5) SECOND
FROM sessions, range({points} // 6) AS minutes(minute), range(6) AS kinds(kind)
WHERE has_metrics
"""

GIT_COMMITS = """
INSERT INTO raw.git_commits
SELECT
    {base} + row_number() OVER (),
    sha1(session_id || commit),
    'Change ' || commit || chr(10) || chr(10)
        || CASE WHEN commit = 0 THEN 'Co-Authored-By: Claude <noreply@anthropic.com>' ELSE '' END,
    email, email, started_at + INTERVAL (600 + commit * 300) SECOND, 3, hash(session_id, commit) % 300,
    hash(session_id) % 100, FALSE, NULL, NULL, NULL, 'acme/app', started_at + INTERVAL (2) HOUR
FROM sessions, range(2) AS commits(commit)
"""

COPILOT = """
INSERT INTO raw.copilot_metrics
SELECT
    {base} + row_number() OVER (), started_at::DATE, email, 100, 30, 200, 60, 1, '[]', started_at::DATE + 1
FROM sessions
"""

TABLES = """
CREATE SCHEMA IF NOT EXISTS raw;
CREATE TABLE raw.otel_logs (id BIGINT, timestamp TIMESTAMP, developer_id VARCHAR, severity VARCHAR,
    body VARCHAR, attributes JSON, created_at TIMESTAMP);
CREATE TABLE raw.otel_metrics (id BIGINT, timestamp TIMESTAMP, developer_id VARCHAR, metric_name VARCHAR,
    metric_value DOUBLE, attributes JSON, created_at TIMESTAMP);
CREATE TABLE raw.git_commits (id BIGINT, commit_hash VARCHAR, commit_message VARCHAR, author_name VARCHAR,
    author_email VARCHAR, commit_timestamp TIMESTAMP, files_changed INTEGER, lines_added INTEGER,
    lines_deleted INTEGER, agent_assisted BOOLEAN, agent_session_id VARCHAR, agent_type VARCHAR,
    developer_id VARCHAR, project_id VARCHAR, created_at TIMESTAMP);
CREATE TABLE raw.copilot_metrics (id BIGINT, date DATE, developer_id VARCHAR, total_suggestions INTEGER,
    total_acceptances INTEGER, total_lines_suggested INTEGER, total_lines_accepted INTEGER,
    total_active_users INTEGER, language_breakdown JSON, created_at TIMESTAMP);
"""


def add_sessions(
    connection: duckdb.DuckDBPyConnection, first: int, last: int, *, sessions: int, start: str
) -> None:
    """Rows of the sessions numbered from `first` to `last` (exclusive) of `sessions` over 90 days."""
    values = {
        "first": first,
        "last": last,
        "sessions": sessions,
        "start": start,
        "days": DAYS,
        "models": MODELS,
        "logs": LOGS,
        "points": POINTS,
    }
    connection.execute("DROP TABLE IF EXISTS sessions")
    connection.execute(SESSIONS.format(**values))
    for table, sql in {
        "otel_logs": OTEL_LOGS,
        "otel_metrics": OTEL_METRICS,
        "git_commits": GIT_COMMITS,
        "copilot_metrics": COPILOT,
    }.items():
        base = connection.execute(f"SELECT coalesce(max(id), 0) FROM raw.{table}").fetchone()[0]
        connection.execute(sql.format(base=base, **values))


def add(path: Path, first: int, last: int, *, sessions: int, start: str = START) -> None:
    """More sessions into a database that `generate` made."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        add_sessions(connection, first, last, sessions=sessions, start=start)


def generate(rows: int, path: Path, *, start: str = START, share: float = 1.0) -> int:
    """A database of about `rows` raw rows, or the first `share` of them; how many sessions it holds."""
    sessions = max(4, round(rows / (0.8 * LOGS + 0.7 * POINTS + 3)))
    # Other tools read it with DuckDB 1.5.
    with duckdb.connect(str(path), config={"storage_compatibility_version": "v1.5.0"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(TABLES)
        # In parts: the rows of one part fit into memory.
        whole, step = round(sessions * share), 100_000
        for first in range(0, whole, step):
            add_sessions(connection, first, min(first + step, whole), sessions=sessions, start=start)
    return sessions


if __name__ == "__main__":
    generate(int(sys.argv[1]), Path(sys.argv[2]))
