"""A small company of which somebody is forgotten: what its people leave behind, from every source."""

import json
import os
import subprocess

import duckdb

from tests.ingest.otlp.samples import TIME, log, logs, metric, metrics, point

AS_OF = "2026-01-15T12:00Z"
KEY = "0123456789abcdef0123456789abcdef"
ADA, BOB = "ada@example.com", "bob@example.com"
MINUTE = 60 * 10**9
INSTALL = "a" * 64
# Whatever nobody may find any more; in lower case.
TRACES = (
    *("ada@example.com", "ada@old.example", "ada-l", "lovelace", "account-of-ada", INSTALL, "adas-mac"),
    *("/home/ada/", "her secret", "a***@example.com"),
)
SETTINGS = {
    "aa-pipeline.toml": 'internal_domains = ["example.com"]\n',
    "seeds/identities.csv": "alias,developer_id,developer_name,developer_email\n"
    "ada-l,ada@example.com,Ada Lovelace,ada@example.com\n"
    "ada@old.example,ada@example.com,Ada Lovelace,ada@example.com\n"
    "bob-b,bob@example.com,Bob Brown,bob@example.com\n",
    "seeds/budgets.csv": "scope,month,budget_usd\n"
    "developer:ada@example.com,2026-01-01,100\ndeveloper:bob@example.com,2026-01-01,100\n",
}
SUMS = {
    "tokens": "SELECT sum(total_tokens) FROM staging.stg_agent_token_usage",
    "cost": "SELECT CAST(sum(daily_cost_usd) AS DECIMAL(18, 4)) FROM mart.fct_agent_costs",
    "sessions": "SELECT count(*) FROM staging.stg_agent_sessions",
    "commits": "SELECT attribution_method, agent_type, count(*), sum(lines_added),"
    " CAST(sum(cost_usd) AS DECIMAL(18, 4)) FROM mart.fct_git_commits GROUP BY 1, 2 ORDER BY 1, 2",
    "seats": "SELECT count(*), CAST(sum(cost_usd) AS DECIMAL(18, 4)) FROM mart.fct_seats",
    "suggestions": "SELECT sum(total_suggestions) FROM staging.stg_copilot_metrics",
    "people": "SELECT developer_type, count(*) FROM mart.dim_developers GROUP BY 1 ORDER BY 1",
    "raw": "SELECT (SELECT count(*) FROM raw.otel_logs), (SELECT count(*) FROM raw.otel_metrics),"
    " (SELECT count(*) FROM raw.git_commits), (SELECT count(*) FROM raw.copilot_metrics)",
}


def account(person):
    """What Claude Code tells of a person."""
    if person == ADA:
        return {"user.email": ADA, "user.account_uuid": "account-of-ada", "user.id": INSTALL}
    return {"user.email": person, "user.id": "b" * 64}


def request(person, session, nth, **more):
    attributes = {
        **account(person),
        **{"session.id": session, "model": "claude-sonnet-4-5", "request_id": f"{session}-{nth}"},
        **{"input_tokens": 1000 * nth, "output_tokens": 10, "cost_usd": 0.5, "event.sequence": nth},
    }
    return log(attributes | more, at=TIME + nth * MINUTE)


def telemetry(person, session, nth):
    """A session of two requests, one of which names nobody; and a counter that is told without a session."""
    ada = person == ADA
    resource = {"service.name": "claude-code", "host.name": "adas-mac" if ada else "bobs-pc"}
    unnamed = request(person, session, nth + 1, cwd="/home/ada/app" if ada else "/home/bob/app")
    unnamed["attributes"] = [one for one in unnamed["attributes"] if not one["key"].startswith("user.")]
    tokens = metric(
        *(
            point(
                100.0 * nth,
                {**account(person), "type": kind, "model": "claude-haiku-4-5"},
                at=TIME + (nth + 3) * MINUTE,
                start=TIME,
            )
            for kind in ("input", "output")
        ),
        temporality=2,
    )
    return [
        logs(request(person, session, nth), unnamed, resource=resource),
        metrics(tokens, resource={**resource, "service.name": "gemini-cli"}),
    ]


def report(login, **more):
    counts = ("code_generation_activity_count", "code_acceptance_activity_count")
    lines = ("loc_suggested_to_add_sum", "loc_added_sum")
    return {
        **{"day": "2026-01-02", "organization_id": "7", "user_id": 1, "user_login": login},
        **dict.fromkeys((*counts, *lines), 3),
        **{"totals_by_language_feature": [], **more},
    }


class Company:
    """Files and repositories in a folder, and the commands that take them in."""

    def __init__(self, folder, invoke, target=None):
        self.home = folder / "home" / "ada"
        self.invoke = invoke
        self.more = ["-t", target] if target else []
        if not self.home.exists():
            self.write_all(folder)

    def write_all(self, folder):
        for name, text in SETTINGS.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        self.home.mkdir(parents=True)
        documents = [*telemetry(ADA, "s-ada", 1), *telemetry(BOB, "s-bob", 1)]
        # Copilot's own telemetry tells of Ada's day, its report of Bob's, without any session.
        copilot = {"user.email": ADA, "gen_ai.usage.input_tokens": 70, "gen_ai.usage.output_tokens": 7}
        copilot |= {
            "gen_ai.response.model": "gpt-5",
            "event.name": "gen_ai.client.inference.operation.details",
        }
        documents.append(logs(log(copilot), resource={"service.name": "github-copilot"}))
        self.write("telemetry.jsonl", *documents)
        with (self.home / "telemetry.jsonl").open("a") as file:
            file.write('{"resourceLogs": "her secret, /home/ada/x"}\n')
        self.write("report.ndjson", report("ada-l"), report("bob-b", ai_credits_used=250.0))
        granted = {"created_at": "2026-01-01T09:00:00Z", "plan_type": "business"}
        seats = [granted | {"assignee": {"login": login}} for login in ("ada-l", "bob-b")]
        self.write("seats.ndjson", {"total_seats": 2, "seats": seats})
        session = self.home / ".claude" / "projects" / "-home-ada-app" / "s-told.jsonl"
        session.parent.mkdir(parents=True)
        usage = {"input_tokens": 11, "output_tokens": 5}
        told = {"type": "assistant", "sessionId": "s-told", "timestamp": "2026-01-02T15:00:00Z"}
        told |= {"cwd": "/home/ada/app", "version": "2.1.0", "requestId": "told-1", "uuid": "u1"}
        told["message"] = {"id": "m1", "role": "assistant", "model": "claude-sonnet-4-5", "usage": usage}
        session.write_text(json.dumps(told | {"message": told["message"] | {"content": []}}) + "\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("Ada Lovelace", ADA, "her secret\n\nCo-authored-by: Claude <noreply@anthropic.com>", 5)
        self.commit("Ada Lovelace", "ada@old.example", "her secret", 6)
        self.commit("Bob Brown", BOB, "Pair\n\nCo-authored-by: Ada Lovelace <ada@example.com>", 7)

    def write(self, name, *documents):
        (self.home / name).write_text("".join(f"{json.dumps(one)}\n" for one in documents))

    def git(self, *arguments, **environment):
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(self.home), *arguments]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | settings | environment)

    def commit(self, name, email, message, hour):
        (self.home / "work.txt").write_text("line\n" * hour)
        self.git("add", "work.txt")
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", name), ("EMAIL", email), ("DATE", f"2026-01-02T0{hour}:00:00Z"))
        }
        self.git("commit", "--quiet", "-m", message, **who)

    def run(self, *words, expect=0):
        return self.invoke(*words, *self.more, expect=expect)

    def ingest(self):
        """All of it; how many records landed of each source."""
        told = [
            self.run("ingest", "otlp", str(self.home / "telemetry.jsonl")),
            self.run("ingest", "git", str(self.home)),
            self.run("ingest", "copilot", str(self.home / "report.ndjson"), str(self.home / "seats.ndjson")),
            self.run("ingest", "transcripts", str(self.home / ".claude" / "projects"), "--developer", ADA),
        ]
        return [result.output.splitlines()[-1] for result in told]

    def build(self, *more):
        self.run("build", "--as-of", AS_OF, *more)


def sums(ask):
    return {name: ask(sql) for name, sql in SUMS.items()}


def traces(tables, rows_of):
    """Where a trace of Ada is found."""
    texts = {table: str(rows_of(table)).lower() for table in tables}
    return sorted((table, trace) for table, text in texts.items() for trace in TRACES if trace in text)


def traces_in_file():
    with duckdb.connect("agent_analytics.duckdb") as connection:

        def ask(sql):
            return connection.execute(sql).fetchall()

        names = ask("SELECT schema_name || '.' || table_name FROM duckdb_tables()")
        return traces([name for (name,) in names], lambda table: ask(f"SELECT * FROM {table}"))
