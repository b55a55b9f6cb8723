"""What holds for every command: help, shared options on both sides, failures."""

import subprocess
import sys

import click
import pytest

from pipeline.cli import _COMMANDS, cli
from pipeline.cli.options import _join_selections


def every_command(group: click.Group = cli, path: str = ""):
    """Path and command of every command, groups included."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield f"{path} {name}".strip(), command
        if isinstance(command, click.Group):
            yield from every_command(command, f"{path} {name}".strip())


COMMANDS = dict(every_command())


@pytest.mark.parametrize("path", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help(run, path, flag):
    output = run(f"{path} {flag}").output

    assert output.startswith(f"Usage: aa-pipeline {path}")


@pytest.mark.parametrize("path", COMMANDS)
def test_every_commands_help_says_what_it_does_and_shows_an_example(path):
    text = COMMANDS[path].help

    assert text.split("\n\n")[0].endswith(".")
    assert f"aa-pipeline {path}" in text


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_is_explained(path):
    for param in COMMANDS[path].params:
        if isinstance(param, click.Option):
            assert param.help, param.name


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_list_of_commands_says_what_the_commands_say(name):
    assert COMMANDS[name].help.partition("\n")[0] == _COMMANDS[name][1]


def test_the_list_of_commands_is_shown_without_a_command(run):
    assert "Get data in:" in run("--help").output


def test_the_command_line_imports_click_and_the_standard_library_only():
    code = (
        "import sys; import pipeline.cli; from click.testing import CliRunner; import click;"
        "CliRunner().invoke(pipeline.cli.cli, ['--help']);"
        "top = {name.partition('.')[0] for name in sys.modules};"
        "print(sorted(top - sys.stdlib_module_names - {'click', 'pipeline', '__main__'}))"
    )
    output = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert output == "[]\n"


@pytest.mark.parametrize(
    ("args", "joined"),
    [
        ("-s a b", ["-s", "a b"]),
        ("-s a b -x --exclude c d", ["-s", "a b", "-x", "--exclude", "c d"]),
        ("--models=a b -s c", ["--models=a b", "-s", "c"]),
        ("-t dev -s a", ["-t", "dev", "-s", "a"]),
        ("-s +a b+ @c", ["-s", "+a b+ @c"]),
        ("-x extra", ["-x", "extra"]),
        ("-s", ["-s"]),
    ],
)
def test_a_selection_takes_several_words_as_dbts_does(args, joined):
    assert _join_selections(args.split()) == joined


@pytest.mark.parametrize(
    "words", ["--target x.duckdb debug --format json", "debug --target x.duckdb --format json"]
)
def test_shared_options_stand_before_or_after_the_command(run, folder, words):
    result = run(words, expect=2)

    assert '"target": "x.duckdb"' in result.stdout
    assert result.stderr.startswith("Error: There is no database at x.duckdb.")


def test_an_unknown_command_is_an_error_with_the_close_match(run):
    result = run("ingst", expect=2)

    assert result.stderr.endswith("Error: There is no command 'ingst'. Did you mean ingest?\n")


def test_a_broken_configuration_is_one_paragraph(run, folder):
    (folder / "aa-pipeline.toml").write_text("timezoen = 'UTC'")

    result = run("init", expect=2)

    assert result.stderr.count("\n") == 1
    assert "unknown key timezoen. Did you mean timezone?" in result.stderr
    assert [file.name for file in folder.iterdir()] == ["aa-pipeline.toml"]


def test_a_failure_shows_no_password_and_no_control_character(run):
    result = run("init", "--target", "postgres://ada:hunter2@127.0.0.1:1/\x1b[31mdb", expect=2)

    assert "hunter2" not in result.output
    assert "\x1b" not in result.output


def test_a_defect_of_ours_is_one_paragraph_and_a_traceback_only_in_the_debug_log(run, monkeypatch):
    def broken(folder):
        raise RuntimeError("the cause")

    monkeypatch.setattr("pipeline.config.load_config", broken)

    quiet = run("init", expect=1)
    loud = run("--log-level debug init", expect=1)

    assert quiet.stderr.count("\n") == 1
    assert "RuntimeError: the cause" in quiet.stderr
    assert "Please report it" in quiet.stderr
    assert "Traceback" not in quiet.output
    assert "Traceback" in loud.stderr


def test_an_interrupt_is_quiet(run, monkeypatch):
    def interrupted(folder):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.config.load_config", interrupted)

    assert run("init", expect=130).stderr == "Error: Interrupted. Nothing was published.\n"


def test_failures_are_json_lines_where_the_log_is(run):
    result = run("--log-format json debug --format json", expect=2)

    assert result.stderr.startswith('{"level": "error", "message": "There is no database')


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("buidl", "There is no command 'buidl'. Did you mean build?"),
        ("freshness", "There is no command 'freshness'. It is `aa-pipeline source freshness`."),
        ("ingest transcript", "There is no command 'transcript'. Did you mean transcripts?"),
        (
            "ingest x",
            "There is no command 'x'. `aa-pipeline ingest` takes billing, clickhouse, copilot, git, github,"
            " gitlab, otlp, parquet, transcripts.",
        ),
        ("ls --selct x", "No such option '--selct'. Did you mean '--select'?"),
        (
            "export dim_agents",
            "Got unexpected extra argument (dim_agents)."
            " Tables are selected with -s: `aa-pipeline export -s TABLE`.",
        ),
    ],
)
def test_what_is_not_understood_gets_the_hint_that_helps(run, words, hint):
    assert run(words, expect=2).stderr.endswith(f"Error: {hint}\n")
