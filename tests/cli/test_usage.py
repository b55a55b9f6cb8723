"""`usage`: from what agents left to a table, in one command and from nothing."""

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agents.claude_code.test_transcripts import SESSION, prompt, response
from tests.agents.codex.test_transcripts import count, meta, model, rollout
from tests.agents.homes import move_homes
from tests.cli.database import query
from tests.ingest.transcripts.conftest import write_lines

pytestmark = pytest.mark.slow

OWN = Path("data", "aa-pipeline", "usage.duckdb")


@pytest.fixture
def home(folder, monkeypatch):
    """The home of somebody in whose folders agents have left nothing."""
    home = folder / "home"
    home.mkdir()
    move_homes(home, monkeypatch)
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    (home / ".gitconfig").write_text("[user]\n\temail = me@example.com\n")
    return home


@pytest.fixture
def transcripts(home):
    """A prompt and a response of Claude Code with 1,804 tokens, and one of Codex's with 1,100."""
    write_lines(home / ".claude" / "projects" / "-gone" / f"{SESSION}.jsonl", prompt(), response(500))
    answer = count("10:00:05", total=(1000, 800, 100, 40), last=(1000, 800, 100, 40))
    return rollout(home / ".codex", "a", meta("a"), model("gpt-5.5"), answer)


def document(run, *words):
    return json.loads(run("usage", "--json", *words).stdout)


def test_one_command_makes_a_table_of_everything_there_is(run, transcripts):
    assert run("usage").stdout.splitlines() == [
        "day (UTC)   agents              sessions  requests  input  output  cache writes  cache reads"
        "  tokens   cost  models",
        "2026-11-02  Claude Code, Codex         2         2    204     600           300        1,800"
        "   2,904  $0.02  opus-5-5, gpt-5.5",
        "Total       Claude Code, Codex         2         2    204     600           300        1,800"
        "   2,904  $0.02",
    ]


def test_json_is_one_document_with_everything(run, transcripts):
    found = document(run, "--by", "agent")
    assert [(row["agent"], row["total_tokens"]) for row in found["rows"]] == [
        ("claude_code", 1804),
        ("codex", 1100),
    ]
    assert found["total"]["total_tokens"] == 2904
    assert json.loads(run("usage --by agent --format json").stdout) == found


def test_sessions_have_the_project_of_their_folder(run, transcripts):
    rows = document(run, "--by", "session")["rows"]
    assert [(row["session"], row["agent"], row["project"]) for row in rows] == [
        (SESSION, "claude_code", "gone"),
        ("a", "codex", "gone"),
    ]
    by_project = document(run, "--by", "project")["rows"]
    assert [(row["project"], row["sessions"], row["total_tokens"]) for row in by_project] == [
        ("gone", 2, 2904)
    ]


def test_it_keeps_a_database_of_its_own_that_nobody_else_can_read(run, folder, transcripts):
    run("usage")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder / OWN, (folder / OWN).parent)}
    assert modes == {folder / OWN: 0o600, (folder / OWN).parent: 0o700}
    assert not list(folder.glob("*.duckdb"))


def test_only_what_the_answer_needs_is_built(run, transcripts):
    run("usage")
    tables = query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'mart'", OWN)
    assert tables == []


def test_what_agents_have_deleted_is_still_told(run, transcripts):
    before = document(run)
    transcripts.unlink()
    (claude,) = (Path.home() / ".claude").rglob("*.jsonl")
    claude.unlink()
    assert document(run) == before


def test_what_is_new_is_added_and_what_is_read_again_is_not(run, home, transcripts):
    run("usage")
    answer = count("11:00:05", total=(10, 0, 5, 0), last=(10, 0, 5, 0))
    rollout(home / ".codex", "b", meta("b", "11:00:00"), model("gpt-5.5", "11:00:00"), answer)
    assert document(run)["total"]["total_tokens"] == 2904 + 15


def test_with_nothing_new_nothing_is_written(run, transcripts):
    run("usage")
    before = query("SELECT run_id FROM meta.runs", OWN)
    run("usage --by month")
    assert query("SELECT run_id FROM meta.runs", OWN) == before


def test_a_price_that_somebody_adds_counts_at_once(run, folder, transcripts):
    run("usage")
    (folder / "seeds").mkdir()
    columns = "model,speed,above_input_tokens,valid_from,input_usd,output_usd,price_source"
    row = "claude-opus-5-5,normal,0,2026-01-01,1000000,1000000,us"
    (folder / "seeds" / "model_prices.csv").write_text(f"{columns}\n{row}\n")
    costs = {row["model"]: row["cost_usd"] for row in document(run, "--by", "model")["rows"]}
    assert costs["claude-opus-5-5"] > 504


def test_its_own_database_does_not_grow_with_every_look(run, home, transcripts, monkeypatch):
    monkeypatch.setattr("pipeline.cli.usage.MOST_RUNS", 2)
    monkeypatch.setattr("pipeline.run.retention.WHOLE_RUNS", 1)
    for name in "bcde":
        rollout(home / ".codex", name, meta(name), model("gpt-5.5"), count("10:00:05", total=(9, 0, 1, 0)))
        run("usage")
    assert query("SELECT COUNT(DISTINCT run_id) < 4 FROM meta.run_tables", OWN) == [(True,)]
    assert query("SELECT COUNT(*) FROM meta.runs", OWN) == [(4,)]


def test_a_project_with_pseudonyms_leaves_the_database_with_names_as_it_is(
    run, folder, transcripts, monkeypatch
):
    run("usage")
    before = (folder / OWN).read_bytes()
    monkeypatch.setenv("AA_PIPELINE_PRIVACY_KEY", "a key of sixteen or more")
    Path("aa-pipeline.toml").write_text("[privacy]\npseudonyms = true\n")
    assert document(run)["total"]["total_tokens"] == 2904
    assert (folder / OWN).read_bytes() == before
    Path("aa-pipeline.toml").unlink()
    assert document(run)["total"]["total_tokens"] == 2904


def test_a_data_folder_that_cannot_be_made_is_one_sentence(run, folder, transcripts, monkeypatch):
    (folder / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "file"))
    assert "cannot be written: Not a directory." in run("usage", expect=2).stderr


def test_with_paths_only_these_count_and_nothing_is_kept(run, folder, home, transcripts):
    assert document(run, str(home / ".codex"))["total"]["total_tokens"] == 1100
    assert not (folder / OWN).exists()


def test_a_target_that_is_given_or_configured_is_used(run, folder, transcripts, monkeypatch):
    run("usage --target given.duckdb")
    monkeypatch.setenv("AA_PIPELINE_TARGET", "environment.duckdb")
    run("usage")
    monkeypatch.delenv("AA_PIPELINE_TARGET")
    (folder / "aa-pipeline.toml").write_text('default_target = "duckdb://configured.duckdb"\n')
    run("usage")
    assert sorted(path.name for path in folder.glob("*.duckdb")) == [
        "configured.duckdb",
        "environment.duckdb",
        "given.duckdb",
    ]
    assert not (folder / OWN).exists()


def test_days_are_those_of_the_configured_time_zone(run, folder, transcripts):
    (folder / "aa-pipeline.toml").write_text('timezone = "Pacific/Kiritimati"\n')  # 14 hours ahead
    found = document(run)
    assert (found["timezone"], [row["day"] for row in found["rows"]]) == (
        "Pacific/Kiritimati",
        ["2026-11-03"],
    )


def test_since_and_until_choose_days_with_or_without_dashes(run, transcripts):
    assert document(run, "--since", "2026-11-02", "--until", "20261102")["total"]["total_tokens"] == 2904
    assert run("usage --since 2026-11-03 --until 2026-11-04").stdout == (
        "No usage since 2026-11-03 until 2026-11-04.\n"
    )


def test_tokens_without_a_price_are_a_dash_and_are_named(run, home):
    newcomer = response(500, message="m1", request="r1")
    newcomer["message"]["model"] = "newcomer"
    known = response(500, message="m2", request="r2", at="10:00:02")
    write_lines(home / ".claude" / "projects" / "-gone" / f"{SESSION}.jsonl", newcomer, known)
    by_model = run("usage --by model").stdout.splitlines()
    assert " ".join(by_model[2].split()) == "newcomer 0 1 4 500 300 1,000 1,804 – Claude Code"
    assert by_model[-1] == (
        "* Not in the cost: 1 request with 1,804 tokens that have neither a reported cost nor a price"
        " (newcomer). A row in seeds/model_prices.csv gives a model its price."
    )
    assert run("usage").stdout.splitlines()[-2].split()[-1].endswith("*")


def test_without_any_transcript_it_says_where_it_looked_and_what_to_do(run, home):
    error = run("usage", expect=1).stderr
    assert error.startswith("Error: No transcripts were found in the ")
    assert "`aa-pipeline ingest transcripts --list` shows them. Name the folder that holds them." in error


def test_folders_that_cannot_be_read_are_told_whether_or_not_there_is_something_to_tell(
    run, home, monkeypatch
):
    def refuse(path, *args):
        if str(path).endswith("-gone"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    scandir = os.scandir
    said = f"{home / '.claude' / 'projects' / '-gone'} could not be read: Permission denied."
    write_lines(home / ".claude" / "projects" / "-gone" / f"{SESSION}.jsonl", prompt(), response(500))
    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse)
        assert said in run("usage", expect=1).stderr
    run("usage")
    monkeypatch.setattr(os, "scandir", refuse)
    told = run("usage")
    assert said in told.stderr
    assert "1,804" in told.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("usage --since yesterday", "'yesterday' is no date, such as 2026-11-01."),
        ("usage --since 2026-11-02 --until 2026-11-01", "--since is after --until."),
        ("usage --by hour", "'hour' is not one of"),
        ("usage --watch --json", "--watch shows a table: leave --json out."),
    ],
)
def test_what_cannot_be_understood_is_exit_2(run, home, words, message):
    assert message in run(words, expect=2).stderr


def test_a_path_that_is_not_there_is_one_sentence(run, home):
    assert "There is nothing at nowhere." in run("usage nowhere", expect=1).stderr


HOSTILE = "\x1b[31m[bold]\u202e{x}" + "y" * 300


@pytest.mark.parametrize("by", ["session", "project", "model", "agent", "day", "block"])
def test_names_that_somebody_else_wrote_do_nothing(run, home, by):
    lines = [line | {"sessionId": HOSTILE, "cwd": f"/gone/{HOSTILE}"} for line in (prompt(), response(500))]
    lines[1]["message"] = lines[1]["message"] | {"model": HOSTILE}
    write_lines(home / ".claude" / "projects" / "-gone" / f"{SESSION}.jsonl", *lines)
    text = run("usage", "--by", by).stdout
    assert not {"\x1b", "\u202e"} & set(text)
    assert "1,804" in text
    assert "\x1b" not in run("usage", "--by", by, "--json").stdout


def program(*words):
    return [sys.executable, "-c", "from pipeline.cli import main; main()", *words]


def test_what_an_output_cannot_encode_is_spelled_out(transcripts, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    done = subprocess.run(program("usage", "--by", "block"), capture_output=True, check=True)
    assert rb"2026-11-02 10:00\u201315:00" in done.stdout


def test_watch_shows_the_table_until_ctrl_c(transcripts, interrupts):
    with subprocess.Popen(
        program("usage", "--watch"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        shown = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate()
    assert shown[2].startswith("Total ")
    assert shown[3].endswith("Ctrl-C ends.\n")
    assert (rest, errors, process.returncode) == ("\n", "", 130)


def test_watch_ends_with_sigterm(transcripts):
    with subprocess.Popen(
        program("usage", "--watch"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not process.stdout.readline().endswith("Ctrl-C ends.\n"):
            pass
        process.terminate()
        process.communicate()
    assert process.returncode == 143


def test_watch_waits_for_a_database_that_another_process_holds(run, folder, transcripts):
    run("usage")
    hold = f"import duckdb, sys; held = duckdb.connect({str(folder / OWN)!r}); print(flush=True); input()"
    without_pause = "from pipeline.cli import main, usage; usage.PAUSE = 0; main()"
    words = [sys.executable, "-c", without_pause, "usage", "--watch", "--wait", "0"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", hold], **pipes) as holder:
        holder.stdout.readline()
        with subprocess.Popen(words, **pipes) as process:
            told = process.stderr.readline()
            holder.communicate("\n")
            assert any(line.endswith("Ctrl-C ends.\n") for line in process.stdout)
            process.send_signal(signal.SIGINT)
            assert process.stderr.read() == ""  # it is said once
    assert f"held by process {holder.pid}" in told
    assert process.returncode == 130


def test_with_nothing_new_it_needs_the_driver_and_little_else(transcripts):
    tell = (
        "import atexit, sys; heavy = {'ibis', 'pandera', 'pandas', 'pyarrow', 'numpy', 'rich', 'schemas'};"
        "atexit.register(lambda: print(*sorted(heavy & {*sys.modules}), file=sys.stderr));"
        "from pipeline.cli import main; main()"
    )
    subprocess.run(program("usage"), check=True, capture_output=True)
    done = subprocess.run([sys.executable, "-c", tell, "usage"], capture_output=True, text=True, check=True)
    assert done.stderr == "\n"
    assert "2,904" in done.stdout


def test_the_own_database_is_private_whatever_the_umask_was(run, folder, transcripts):
    before = os.umask(0)
    try:
        run("usage")
        assert os.umask(0) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / OWN).stat().st_mode) == 0o600
