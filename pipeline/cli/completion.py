"""`completion`: commands, options, tables, columns and targets after the tab key."""

import os
from pathlib import Path

import click

from pipeline.cli.options import command

# Shell → the file that it reads when it starts, below the home folder; of fish it is a folder of scripts.
STARTS = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/completions"}
PROGRAM, VARIABLE = "aa-pipeline", "_AA_PIPELINE_COMPLETE"


@command()
@click.argument("shell", type=click.Choice([*STARTS]), required=False)
@click.option("--show", is_flag=True, help="Print the script instead.")
def completion(shell: str | None, show: bool) -> None:
    """Complete commands, options, tables, columns and targets in your shell.

    Writes a script into your data folder, and one line that reads it into ~/.bashrc or ~/.zshrc; for fish, a
    script where fish looks for it. The shell is that of the variable SHELL unless it is named.

    \b
    aa-pipeline completion
    aa-pipeline completion zsh --show
    """
    from pipeline.cli.output import say
    from pipeline.errors import SetupError

    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in STARTS:
        raise SetupError(
            f"There is no completion for {name or 'a shell that is not named'}."
            f" Name one: `aa-pipeline completion {'|'.join(STARTS)}`."
        )
    script = _script(name)
    if show:
        click.echo(script)
        return
    try:
        places = _install(name, script)
    except OSError as error:
        raise SetupError(
            f"{error.filename} cannot be written: {error.strerror}."
            f" `aa-pipeline completion {name} --show` prints the script."
        ) from None
    say(f"Wrote {', and a line that reads it to '.join(map(str, places))}. Open a new {name} to have it.")


def _script(shell: str) -> str:
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    from pipeline.cli import cli

    of_shell = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    made = of_shell(cli, {}, PROGRAM, VARIABLE)
    return made.source_template % made.source_vars()  # `source` would run a bash to look how old it is


def _install(shell: str, script: str) -> list[Path]:
    """Write the script, and the line that reads it where the shell needs one; the files."""
    from shlex import quote

    from platformdirs import user_data_path

    from pipeline.system.files import write_whole

    start = Path(os.environ.get("ZDOTDIR", "") if shell == "zsh" else "").expanduser()
    start = (start if start.is_absolute() else Path.home()) / STARTS[shell]
    folder = start if shell == "fish" else user_data_path(PROGRAM, appauthor=False)
    file = folder / f"{PROGRAM}.{shell}"
    write_whole(file, script.encode())
    if shell == "fish":
        return [file]
    line = f"source {quote(str(file))}  # aa-pipeline completion"
    if shell == "zsh":
        line = f"(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit }}; {line}"
    text = start.read_text(encoding="utf-8", errors="surrogateescape") if start.exists() else ""
    if line not in text.splitlines():
        end = "" if not text or text.endswith("\n") else "\n"
        with start.open("a", encoding="utf-8") as opened:
            opened.write(f"{end}{line}\n")
    return [file, start]
