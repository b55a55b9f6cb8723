"""In a real terminal, and at the end of a real pipe."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SHOP = (
    "from pipeline.cli import cli; from pipeline.cli.options import Invocation;"
    "cli(obj=Invocation(models='shop.models', schemas='shop.schemas'))"
)
# The folder above the small project `shop`: the package `tests.projects` imports the compiler.
PROJECTS = str(Path(__file__).parents[1] / "projects")
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def program(words, before=""):
    """A process that runs `aa-pipeline` on the small project `shop`."""
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {PROJECTS!r}); {before}{SHOP}", *words]


@pytest.fixture(scope="module")
def warm_folder(tmp_path_factory):
    """An empty folder: a plan is kept for each folder, so this one's is compiled once."""
    return tmp_path_factory.mktemp("warm")


@pytest.fixture
def warm(folder, warm_folder, monkeypatch):
    """The working directory is the warm folder; nothing is written there."""
    monkeypatch.chdir(warm_folder)


@pytest.fixture
def in_terminal(warm):
    """Runs a command in a pseudo terminal of 80 columns; its exit code and all it wrote."""

    def run(*words, **environment):
        leader, follower = pty.openpty()
        settings = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "50", **environment}
        process = subprocess.Popen(
            program(words),
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env={**os.environ, **settings},
        )
        os.close(follower)
        written = b""
        try:
            while chunk := os.read(leader, 65536):
                written += chunk
        except OSError:  # Linux's way to say that the other end is closed
            pass
        os.close(leader)
        return process.wait(), written.decode().replace("\r\n", "\n")

    return run


def test_a_terminal_gets_tables_and_colours(in_terminal):
    code, output = in_terminal("ls")

    assert code == 0
    assert "────" in output
    assert STYLE.search(output)
    assert max(len(STYLE.sub("", line)) for line in output.splitlines()) <= 80


def test_no_color_is_respected(in_terminal):
    code, output = in_terminal("ls", "--select", "typo", NO_COLOR="1")

    assert code == 2
    assert output.startswith("Error: The selection 'typo' matches nothing.")


def test_json_in_a_terminal_is_plain(in_terminal):
    code, output = in_terminal("ls", "-s", "fct_visits", "--format", "json")

    assert code == 0
    assert output.startswith("[\n")
    assert "\x1b" not in output


def test_a_long_paragraph_breaks_between_words(in_terminal):
    _, output = in_terminal("build")

    text = STYLE.sub("", output)
    assert "\n" in text.strip()
    assert max(map(len, text.splitlines())) <= 80
    assert "There is no database at agent_analytics.duckdb." in text.replace("\n", " ")


def test_a_pipe_that_is_closed_early_is_no_error(warm):
    with subprocess.Popen(program(["compile"]), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        errors = process.stderr.read().decode()

    assert "Traceback" not in errors
    assert "Exception" not in errors
    assert "Something failed" not in errors


def test_a_full_disk_is_one_sentence(warm):
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("this system has no /dev/full")
    with device.open("w") as full:
        done = subprocess.run(program(["ls"]), stdout=full, stderr=subprocess.PIPE, text=True)

    assert done.returncode == 1
    assert done.stderr == (
        "Error: The system refused: No space left on device."
        " Make room on that disk, or write to another, and run the command again.\n"
    )


def test_a_warm_command_imports_click_and_the_driver_only(shop):
    tell = (
        "import atexit, sys; heavy = {'ibis', 'pandera', 'pandas', 'pyarrow', 'numpy', 'rich',"
        " 'jinja2', 'pygments', 'http', 'sqlglot', 'schemas', 'duckdb'};"
        "atexit.register(lambda: print(*sorted("
        "heavy & {name.partition('.')[0] for name in sys.modules}), file=sys.stderr));"
    )

    def modules(words):
        done = subprocess.run(program(words.split(), before=tell), capture_output=True, text=True, check=True)
        return done.stderr.strip()

    subprocess.run(program(["build"]), check=True, capture_output=True)

    assert {words: modules(words) for words in ("ls", "build", "test", "debug", "show stg_sales")} == {
        "ls": "",
        "build": "duckdb",
        "test": "duckdb",
        "debug": "duckdb",
        "show stg_sales": "duckdb",
    }
