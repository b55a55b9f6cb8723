"""The demo's company: real formats, the same bytes again, nothing after the given moment."""

import csv
import datetime as dt
import json
import re
import subprocess

import pytest

from pipeline.demo import write_demo

pytestmark = pytest.mark.slow

AS_OF = dt.datetime(2026, 11, 15, 9, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_demo(tmp_path_factory.mktemp("demo"), as_of=AS_OF)


@pytest.fixture(scope="module")
def batches(files):
    return {path.stem: [json.loads(line) for line in path.read_bytes().splitlines()] for path in files.otlp}


def log_records(batches):
    for batch in batches:
        for resource in batch.get("resourceLogs", []):
            for scope in resource["scopeLogs"]:
                for record in scope["logRecords"]:
                    yield record, plain(record["attributes"])


def points(batches, metric):
    for batch in batches:
        for resource in batch.get("resourceMetrics", []):
            for found in resource["scopeMetrics"][0]["metrics"]:
                if found["name"] == metric:
                    data = found.get("sum") or found["histogram"]
                    for point in data["dataPoints"]:
                        yield point, plain(point["attributes"]), data["aggregationTemporality"]


def plain(attributes):
    readers = {"intValue": int, "doubleValue": float, "boolValue": bool, "stringValue": str}
    return {pair["key"]: readers[kind](value) for pair in attributes for kind, value in pair["value"].items()}


def git(path, *arguments):
    return subprocess.run(["git", "-C", path, *arguments], check=True, capture_output=True, text=True).stdout


def test_the_same_seed_and_moment_give_the_same_bytes(files, tmp_path, monkeypatch):
    # whatever git settings the person has
    (tmp_path / "gitconfig").write_text("[user]\nname = Me\n[core]\nautocrlf = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")

    again = write_demo(tmp_path / "demo", as_of=AS_OF)

    monkeypatch.undo()
    for kind in ("otlp", "copilot", "bills", "seeds"):
        contents = [path.read_bytes() for path in getattr(files, kind)]
        assert [path.read_bytes() for path in getattr(again, kind)] == contents
    heads = [git(path, "rev-parse", "main") for path in files.repositories]
    assert [git(path, "rev-parse", "main") for path in again.repositories] == heads


def test_another_seed_gives_another_history(files, tmp_path):
    other = write_demo(tmp_path, seed=8, as_of=AS_OF)

    assert other.otlp[0].read_bytes() != files.otlp[0].read_bytes()


def test_a_naive_moment_is_utc(files, tmp_path):
    naive = write_demo(tmp_path, as_of=AS_OF.replace(tzinfo=None))

    assert naive.otlp[0].read_bytes() == files.otlp[0].read_bytes()


def test_everything_is_within_sixty_days_before_the_moment(files):
    text = "".join(path.read_text() for path in files.otlp)
    times = {int(t) / 1e9 for t in re.findall(r'imeUnixNano":"(\d+)"', text)}
    times |= {int(t) for path in files.repositories for t in git(path, "log", "--format=%at").split()}

    first = dt.datetime(2026, 9, 15, tzinfo=dt.UTC)
    assert first.timestamp() <= min(times)
    assert max(times) <= AS_OF.timestamp()
    days = re.findall(r'"day":"([^"]+)"', files.copilot[0].read_text())
    assert "2026-09-16" <= min(days) <= max(days) <= "2026-11-14"


def test_only_reserved_domains_are_used(files):
    text = "".join(path.read_text() for path in (*files.otlp, *files.copilot, *files.seeds))
    text += "".join(git(path, "log", "--format=%ae %ce") for path in files.repositories)

    domains = set(re.findall(r"@([\w.-]+)", text))

    assert domains == {"example.com", "contractor.example.org", "users.noreply.github.com"}


def test_claude_code_reports_the_same_usage_as_events_and_as_metrics(batches):
    requests = {}
    for record, values in log_records(batches["claude-code"]):
        assert record["body"]["stringValue"] == f"claude_code.{values['event.name']}"
        if values["event.name"] == "api_request":
            session = values["session.id"]
            requests[session] = requests.get(session, 0) + float(values["cost_usd"])
    measured = {}
    for point, values, temporality in points(batches["claude-code"], "claude_code.cost.usage"):
        assert temporality == 1
        session = values["session.id"]
        measured[session] = measured.get(session, 0) + point["asDouble"]

    both = requests.keys() & measured.keys()
    assert len(both) > 50
    assert {s: requests[s] for s in both} == pytest.approx({s: measured[s] for s in both})
    assert requests.keys() - both, "somebody sends logs only"
    assert measured.keys() - both, "somebody sends metrics only"
    assert 200 < sum(requests.values()) + sum(measured[s] for s in measured.keys() - both) < 3000


def test_numbers_of_an_old_claude_code_are_text(batches):
    of_requests = [
        (values.get("enduser.id"), type(values["input_tokens"]))
        for _, values in log_records(batches["claude-code"])
        if values["event.name"] == "api_request"
    ]

    assert set(of_requests) == {(None, int), ("farah@example.com", str)}


def test_commits_that_tool_results_name_exist(files, batches):
    named = {
        json.loads(values["tool_parameters"])["git_commit_id"]
        for _, values in log_records(batches["claude-code"])
        if "tool_parameters" in values
    }
    commits = {c for path in files.repositories for c in git(path, "log", "--format=%H").split()}

    assert named
    assert named <= commits


def test_codex_counts_overlap_and_mix_types(batches):
    completed = [
        values
        for _, values in log_records(batches["codex"])
        if values.get("event.kind") == "response.completed"
    ]
    measured = [values for _, values, _ in points(batches["codex"], "codex.turn.token_usage")]

    assert all(int(v["input_token_count"]) > v["cached_token_count"] for v in completed)
    assert {type(v["input_token_count"]) for v in completed} == {str}
    assert {"harbor-coder-preview"} < {v["model"] for v in completed}
    assert all("conversation.id" not in v and "user.email" not in v for v in measured)


def test_gemini_reports_a_call_four_times(batches):
    own, shared, last = {}, {}, {}
    for _, values in log_records(batches["gemini-cli"]):
        session = values["session.id"]
        if values["event.name"] == "gemini_cli.api_response":
            own[session] = own.get(session, 0) + values["input_token_count"]
        if values["event.name"] == "gen_ai.client.inference.operation.details":
            shared[session] = shared.get(session, 0) + values["gen_ai.usage.input_tokens"]
    for metric, value in (
        ("gemini_cli.token.usage", "asDouble"),
        ("gen_ai.client.token.usage", "sum"),
    ):
        for point, values, temporality in points(batches["gemini-cli"], metric):
            assert temporality == 2
            if values.get("type", values.get("gen_ai.token.type")) == "input":
                last[metric, values["session.id"]] = point[value]  # cumulative: the last one counts

    assert own == shared
    assert {s: last["gemini_cli.token.usage", s] for s in own} == own
    assert {s: last["gen_ai.client.token.usage", s] for s in own} == own


def test_the_repositories_are_sound_and_have_what_real_ones_have(files):
    logs = ""
    for path in files.repositories:
        git(path, "fsck", "--strict")
        assert git(path, "status", "--porcelain") == ""
        assert git(path, "log", "--merges", "--oneline")
        logs += git(path, "log", "--use-mailmap", "--format=%aN <%aE>%n%B")

    assert "hanasato@users.noreply" not in logs, "the mailmap knows her old address"
    for marker in (
        "Co-Authored-By: Claude Opus 5.5 <noreply@anthropic.com>",
        "Co-authored-by: Codex <noreply@openai.com>",
        "Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>",
        "dependabot[bot]",
        "Ines Moreau <ines@contractor.example.org>",
    ):
        assert marker in logs


def test_copilot_logins_are_people_of_the_project(files):
    logins = set(re.findall(r'"user_login":"([^"]+)"', files.copilot[0].read_text()))
    with files.seeds[0].open() as file:
        aliases = {row["alias"]: row["developer_id"] for row in csv.DictReader(file)}

    assert {aliases[login] for login in logins} == {
        "bruno@example.com",
        "goran@example.com",
        "hana@example.com",
    }


def test_weekends_are_quieter_and_the_last_weeks_busier(batches):
    days = [
        dt.date.fromisoformat(values["event.timestamp"][:10])
        for _, values in log_records(batches["claude-code"])
    ]
    weekend = [day for day in days if day.weekday() >= 5]

    assert 0 < len(weekend) < len(days) / 8
    assert sum(1 for day in days if day >= dt.date(2026, 10, 16)) > len(days) / 2


def test_pull_requests_are_made_of_commits_that_there_are(files):
    hashes = {
        name for path in files.repositories for name in git(path, "log", "--all", "--format=%H").splitlines()
    }
    requests = [
        request
        for path in files.pulls
        for request in json.loads(path.read_bytes())["data"]["repository"]["pullRequests"]["nodes"]
    ]
    assert {request["state"] for request in requests} == {"CLOSED", "MERGED", "OPEN"}
    for request in requests:
        commits = {node["commit"]["oid"] for node in request["commits"]["nodes"]}
        assert (commits & hashes) == (set() if request["state"] == "CLOSED" else commits)
        assert request["createdAt"] < AS_OF.strftime("%Y-%m-%dT%H:%M:%SZ")
    reverts = [int(request["body"].rpartition("#")[2]) for request in requests if request["body"]]
    merged = {request["number"] for request in requests if request["mergedAt"]}
    assert reverts
    assert {*reverts} <= merged
