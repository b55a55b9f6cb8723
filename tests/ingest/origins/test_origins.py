"""Raw records are found again where they were ingested from, by file and line."""

import gzip
import json
import shutil
import subprocess

import pytest

from pipeline.engines import connect
from pipeline.ingest.billing.ingest import ingest_billing
from pipeline.ingest.copilot.ingest import ingest_copilot
from pipeline.ingest.git.ingest import ingest_git
from pipeline.ingest.github.ingest import ingest_github
from pipeline.ingest.gitlab.ingest import ingest_gitlab
from pipeline.ingest.origins.origins import find_origins
from pipeline.ingest.otlp.ingest import ingest_otlp
from pipeline.ingest.transcripts.ingest import ingest_transcripts
from tests.ingest.billing.test_billing import openai_bucket, openai_cost, page
from tests.ingest.copilot import test_seats
from tests.ingest.copilot.test_copilot import USAGE
from tests.ingest.github import test_github
from tests.ingest.gitlab import test_gitlab
from tests.ingest.otlp.samples import lines, log, logs, metric, metrics, point
from tests.ingest.otlp.test_otlp import wrapped

pytestmark = pytest.mark.slow

# Where each of the three records of `wrapped()` begins: the export of the first, and that of the two others.
ONE_A_LINE = [1, 2, 2]
LINES = {
    "blank-lines.jsonl": [3, 5, 5],
    "pretty.json": [1, 46, 46],
    "tabs.json": [1, 1, 1],
    "list.json": [1, 1, 1],
    **dict.fromkeys(
        ["framed.json", "framed-zstd.json", "framed.pb", "framed-zstd.pb", "framed.pb.gz", "body.pb"],
        [None] * 3,
    ),
}


AS_ADA = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")


def git(folder, *words):
    subprocess.run(["git", "-C", folder, *words], check=True)


def origins(engine, table="otel_logs"):
    """Where the records of a raw table were found, as texts, in the order in which they happened."""
    hashes = [one for (one,) in engine.fetch(f"SELECT record_hash FROM raw.{table} ORDER BY timestamp, id")]
    found = find_origins(engine, table, hashes)
    return [str(found[one]) if one in found else None for one in hashes]


@pytest.fixture
def engine():
    with connect(":memory:") as engine:
        yield engine


@pytest.mark.parametrize("name", wrapped())
def test_exports_are_found_in_every_wrapping(engine, tmp_path, name):
    file = tmp_path / name
    file.write_bytes(wrapped()[name])
    ingest_otlp(engine, [tmp_path])
    at = LINES.get(name, ONE_A_LINE)
    assert origins(engine) == [str(file) if line is None else f"{file}:{line}" for line in at]


def test_a_line_counts_from_the_beginning_of_a_file_that_was_read_on(engine, tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(lines(logs(log({"n": 1}))))
    ingest_otlp(engine, [file])
    with file.open("a") as opened:
        opened.write(lines(logs(log({"n": 2})), metrics(metric(point(1.0)))))
    ingest_otlp(engine, [file])
    assert origins(engine) == [f"{file}:1", f"{file}:2"]
    assert origins(engine, "otel_metrics") == [f"{file}:3"]


def test_content_that_landed_belongs_to_the_record(engine, tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(lines(logs(log({"prompt": "Mend it.", "session.id": "0123-4567"}, body="Mend it."))))
    ingest_otlp(engine, [file], include=["prompt"])
    assert origins(engine) == [f"{file}:1"]


def claude(session, number, message="msg", tokens=5):
    return {
        "type": "assistant",
        "sessionId": session,
        "timestamp": f"2026-11-03T09:00:{number:02}Z",
        "uuid": f"{session}-{number}",
        "requestId": f"req-{session}-{message}",
        "message": {
            "id": f"{message}-{session}",
            "model": "claude-sonnet-4-5",
            "role": "assistant",
            "usage": {"input_tokens": 10, "output_tokens": tokens},
        },
    }


def written(file, *records):
    text = "".join(json.dumps(record) + "\n" for record in records).encode()
    file.write_bytes(gzip.compress(text) if file.suffix == ".gz" else text)


@pytest.mark.parametrize("name", ["one.jsonl", "one.jsonl.gz"])
def test_a_response_is_told_by_the_line_that_makes_it_whole(engine, tmp_path, name):
    written(
        tmp_path / name,
        claude("session-one", 1, tokens=1),
        claude("session-one", 2, tokens=7),  # the same response, with its last count
        claude("session-one", 3, message="next"),
    )
    written(tmp_path / "two.jsonl", claude("session-two", 4))
    ingest_transcripts(engine, [tmp_path], developer="ada")
    assert origins(engine) == [f"{tmp_path / name}:2", f"{tmp_path / name}:3", f"{tmp_path / 'two.jsonl'}:1"]


def test_a_response_that_two_files_tell_is_found_in_the_first(engine, tmp_path):
    first = claude("session-one", 1)
    written(tmp_path / "a.jsonl", first)
    written(tmp_path / "b.jsonl", first, claude("session-one", 2, message="next"))
    ingest_transcripts(engine, [tmp_path], developer="ada")
    assert origins(engine) == [f"{tmp_path / 'a.jsonl'}:1", f"{tmp_path / 'b.jsonl'}:2"]


def test_a_day_of_copilot_is_found_by_its_line(engine, tmp_path):
    file = tmp_path / "days.ndjson"
    file.write_text("".join(json.dumps(USAGE | {"day": f"2026-11-0{day}"}) + "\n" for day in (1, 2)))
    ingest_copilot(engine, [str(file)])
    hashes = [one for (one,) in engine.fetch("SELECT record_hash FROM raw.copilot_metrics ORDER BY date")]
    found = find_origins(engine, "copilot_metrics", hashes)
    assert [str(found[one]) for one in hashes] == [f"{file}:1", f"{file}:2"]


def test_a_commit_and_what_became_of_it_is_found_in_its_repository(engine, tmp_path):
    repositories = [tmp_path / name for name in ("engine", "gone", "wings")]
    for repository in repositories:
        repository.mkdir()
        git(repository, "init", "-q")
        (repository / "a.txt").write_text(repository.name)
        git(repository, "add", ".")
        git(repository, *AS_ADA, "commit", "-q", "-m", f"Begin {repository.name}")
    ingest_git(engine, repositories, survival=True)
    shutil.rmtree(repositories[1])
    for table, key in (("git_commits", "commit_hash"), ("git_survival", "record_hash")):
        rows = dict(engine.fetch(f"SELECT project_id, min({key}) FROM raw.{table} GROUP BY ALL"))
        found = {one: str(origin) for one, origin in find_origins(engine, table, rows.values()).items()}
        assert found == {rows["engine"]: str(repositories[0]), rows["wings"]: str(repositories[2])}


def hashes(engine, table):
    return [one for (one,) in engine.fetch(f"SELECT record_hash FROM raw.{table} ORDER BY id")]


@pytest.mark.parametrize(
    ("ingest", "pages"),
    [
        (ingest_github, [test_github.page(test_github.graphql(number=one)) for one in range(3)]),
        (ingest_gitlab, [test_gitlab.page(test_gitlab.graphql(iid=str(one))) for one in range(3)]),
    ],
)
def test_a_request_is_found_in_its_file_at_the_line_of_its_page(engine, tmp_path, ingest, pages):
    one, several = tmp_path / "a.json.gz", tmp_path / "b.json"
    one.write_bytes(gzip.compress(json.dumps(pages[0]).encode()))
    several.write_text("".join(json.dumps(page) + "\n" for page in pages[1:]))
    ingest(engine, [str(tmp_path)])
    found = find_origins(engine, "pull_requests", hashes(engine, "pull_requests"))
    at = [str(one), f"{several}:1", f"{several}:2"]
    assert [str(found[one]) for one in hashes(engine, "pull_requests")] == at
    commits = hashes(engine, "pull_request_commits")
    assert {str(origin) for origin in find_origins(engine, "pull_request_commits", commits).values()} == {*at}


@pytest.mark.parametrize("account", [None, "acme"])
def test_a_seat_is_found_in_its_file(engine, tmp_path, account):
    files = [tmp_path / name for name in ("a.json", "b.json")]
    for file in files:
        file.write_text(json.dumps(test_seats.page(test_seats.seat(file.stem))))
        ingest_copilot(engine, [str(file)], account=account)
    found = find_origins(engine, "copilot_seats", hashes(engine, "copilot_seats"))
    assert [str(found[one]) for one in hashes(engine, "copilot_seats")] == [*map(str, files)]


@pytest.mark.parametrize("account", [None, "acme"])
def test_a_line_of_a_bill_is_found_in_its_file(engine, tmp_path, account):
    files = [tmp_path / name for name in ("cheap.json", "dear.json")]
    for file, amount in zip(files, ("1.50", "2.50"), strict=True):
        file.write_text(json.dumps(page(openai_bucket(openai_cost(amount)))))
        ingest_billing(engine, [str(file)], account=account)
    found = find_origins(engine, "billing", hashes(engine, "billing"))
    assert [str(found[one]) for one in hashes(engine, "billing")] == [*map(str, files)]


def test_what_has_changed_or_gone_is_found_no_more(engine, tmp_path):
    kept, gone = tmp_path / "kept.jsonl", tmp_path / "gone.jsonl"
    kept.write_text(lines(logs(log({"n": 1}))))
    gone.write_text(lines(logs(log({"n": 2}))))
    ingest_otlp(engine, [kept, gone])
    gone.unlink()
    assert origins(engine) == [f"{kept}:1", None]
    kept.write_text(lines(logs(log({"n": 3}))))
    assert origins(engine) == [None, None]


def test_a_database_without_ingests_knows_no_files(engine):
    engine.create_schema("raw")
    assert find_origins(engine, "otel_logs", ["x"]) == {}
