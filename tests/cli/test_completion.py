"""The tab key: in a real shell, and what `completion` writes for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# What bash does at the tab key: it calls the function with the words in variables.
TAB = """
source {script}
COMP_WORDS=({words}) COMP_CWORD=$(({count} - 1))
_aa_pipeline_completion aa-pipeline
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def home(folder, monkeypatch):
    """A home folder of the test's own."""
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("SHELL", "/usr/bin/bash")
    for name in ("XDG_DATA_HOME", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def after_tab(run, home, monkeypatch):
    """What bash offers for the last of some words."""
    run("completion")
    programs = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    script = home / ".local/share/aa-pipeline/aa-pipeline.bash"

    def complete(words):
        code = TAB.format(script=script, words=words, count=len(words.split()))
        done = subprocess.run(
            [shutil.which("bash"), "--norc", "-c", code], capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    return complete


def test_commands_tables_columns_and_targets_are_completed(after_tab):
    Path("aa-pipeline.toml").write_text('[targets]\nnightly = "n.duckdb"\nnext = "x.duckdb"\n')
    assert after_tab("aa-pipeline exp") == ["export"]
    assert after_tab("aa-pipeline build --full") == ["--full-refresh"]
    assert after_tab("aa-pipeline show fct_a") == ["fct_agent_costs"]
    assert after_tab("aa-pipeline build -s +dim_") == [
        "+dim_projects",
        "+dim_teams",
        "+dim_agents",
        "+dim_developers",
        "+dim_seats",
    ]
    assert after_tab("aa-pipeline lineage dim_agents.v") == ["dim_agents.vendor"]
    assert after_tab("aa-pipeline build -t n") == ["nightly", "next"]


def test_a_configuration_that_is_wrong_completes_nothing_and_says_nothing(after_tab):
    Path("aa-pipeline.toml").write_text("targets = 1\n")
    assert after_tab("aa-pipeline build -t n") == []
    assert after_tab("aa-pipeline show fct_a") == []


@pytest.mark.parametrize(("shell", "start"), [("bash", ".bashrc"), ("zsh", ".zshrc")])
def test_one_line_is_added_to_what_the_shell_reads_and_only_once(run, home, shell, start):
    (home / start).write_text("alias a=b")  # without a line break
    output = run(f"completion {shell}").output
    run(f"completion {shell}")

    script = home / f".local/share/aa-pipeline/aa-pipeline.{shell}"
    assert "_AA_PIPELINE_COMPLETE" in script.read_text()
    before, line = (home / start).read_text().splitlines()
    assert before == "alias a=b"
    assert line.endswith(f"source {script}  # aa-pipeline completion")
    assert output.startswith(f"Wrote {script}, and a line that reads it to {home / start}.")


def test_for_fish_a_script_lies_where_it_looks(run, home):
    run("completion fish")
    assert "complete " in (home / ".config/fish/completions/aa-pipeline.fish").read_text()
    assert not (home / ".bashrc").exists()


def test_the_shell_is_that_of_the_environment_and_an_unknown_one_is_named(run, home, monkeypatch):
    assert run("completion --show").output == run("completion bash --show").output
    assert not (home / ".bashrc").exists()
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    error = run("completion", expect=2).stderr
    assert error == (
        "Error: There is no completion for tcsh. Name one: `aa-pipeline completion bash|zsh|fish`.\n"
    )


def test_what_cannot_be_written_is_told(run, home):
    (home / ".bashrc").mkdir()
    error = run("completion bash", expect=2).stderr
    assert error == (
        f"Error: {home}/.bashrc cannot be written: Is a directory."
        " `aa-pipeline completion bash --show` prints the script.\n"
    )
