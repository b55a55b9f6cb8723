"""Options that several commands share, and the command classes that make them work everywhere."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pipeline.cli.after_tab import tables_after_tab, targets_after_tab

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from pipeline.config import Config, Target
    from pipeline.engines.base import Engine
    from pipeline.plan import Plan
    from pipeline.privacy.pseudonyms import Pseudonyms

F = TypeVar("F", bound=Callable[..., Any])

LOG_LEVELS = ("debug", "info", "warning", "error")
_SHARED = ("target", "wait", "log_level", "log_format", "help")
_SELECTORS = ("-s", "--select", "-m", "--models", "--exclude")
_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@dataclass
class Invocation:
    """What the options that every command takes have said, and what follows from them.

    Attributes:
        own_process: whether nothing else runs in this process, or will.
    """

    own_process: bool = False
    target_option: str | None = None
    log_level: str | None = None
    log_format: str = "text"
    wait: float = 5.0
    models: str = "pipeline.models"
    schemas: str = "schemas"

    @cached_property
    def config(self) -> "Config":
        """The configuration of the working directory."""
        from pathlib import Path

        from pipeline.cli.output import name_nobody
        from pipeline.config import load_config

        config = load_config(Path.cwd())
        name_nobody(config.privacy.pseudonyms)
        return config

    @property
    def project(self) -> "Path | None":
        """The folder of the project; None where the working directory has no configuration."""
        from pipeline.config import CONFIG_FILE

        folder = self.config.project_dir
        return folder if (folder / CONFIG_FILE).exists() else None

    @cached_property
    def pseudonyms(self) -> "Pseudonyms | None":
        """What stands for people, if the configuration asks for it.

        Raises:
            ConfigError: the environment holds no key.
        """
        if not self.config.privacy.pseudonyms:
            return None
        from pipeline.privacy.pseudonyms import Pseudonyms

        return Pseudonyms.of_project(self.config)

    @cached_property
    def target(self) -> "Target":
        """The database to work on."""
        return self.config.target(self.target_option)

    @contextmanager
    def connect(self, *, read_only: bool = False, create: bool = False) -> Iterator["Engine"]:
        """The target's database, open; closed at the end.

        Args:
            read_only: refuse to write.
            create: make a database file that is not there; otherwise that is an error.

        Raises:
            TargetError: there is no such database, or it cannot be reached.
            DatabaseLockedError: another process holds it.
        """
        from pipeline.cli.interrupt import interruptible
        from pipeline.engines import connect, exists
        from pipeline.system.pseudonyms import without_people

        url = self.target.url
        if create and self.config.privacy.pseudonyms:
            _ = self.pseudonyms  # without the key nothing is made
        # A file that is not there may only be made; the engine says so when asked to read it.
        read_only = read_only or not (create or exists(url))
        memory_limit = self.config.memory_limit
        with (
            connect(
                url,
                read_only=read_only,
                wait=self.wait,
                memory_limit=memory_limit,
                options=self.target.options,
            ) as engine,
            interruptible(engine),
        ):
            if self.own_process:
                engine.has_for_itself()
            if self.config.privacy.pseudonyms:  # it is shown on pages, and kept with every run
                engine.url = without_people(engine.url)
            yield engine

    def plan(self, engine: "Engine", tell: Callable[[str], Any] = lambda message: None) -> "Plan":
        """The plan for an open database; `tell` is called with what is done while it is compiled."""
        from pipeline.compile import plan_cache

        config = self.config.for_target(self.target)
        plan = plan_cache.load(
            engine.dialect,
            config,
            engine.shapes("raw"),
            models=self.models,
            schemas=self.schemas,
            on_compile=lambda model: tell(f"Compiling the plan: {model}"),
        )
        _check_severity(config, plan)
        return plan

    def plan_without_database(self) -> "Plan":
        """A plan for the target's engine, whatever its raw tables look like."""
        from pipeline.compile import plan_cache
        from pipeline.engines import dialect_of

        return plan_cache.load_any(
            dialect_of(self.target.url),
            self.config.for_target(self.target),
            models=self.models,
            schemas=self.schemas,
        )


def _check_severity(config: "Config", plan: "Plan") -> None:
    """Refuse a severity for a table that is not there: it would be a check that nobody changed."""
    from pipeline.errors import ConfigError, did_you_mean

    for key in config.severity:
        table = key.partition(".")[0]
        if table not in plan.tables:
            raise ConfigError(
                f"aa-pipeline.toml: severity names the table {table}, which is not there."
                f"{did_you_mean(table, plan.tables)} `aa-pipeline ls` lists what there is."
            )


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)


class _Help(click.Command):
    """Help under -h too, with the options that every command takes in a section of their own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = _HELP | kwargs.get("context_settings", {})
        super().__init__(*args, **kwargs)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record:
                (shared if param.name in _SHARED else own).append(record)
        for title, records in ("Options", own), ("Options of every command", shared):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Command(_Help):
    """A command whose selections take several words without quotes, as dbt's do: `-s a b`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        takes_words = not any(isinstance(param, click.Argument) for param in self.params)
        words = _join_selections(args) if takes_words else args
        try:
            return super().parse_args(ctx, words)
        except click.NoSuchOption as error:
            closest = _closest(error.option_name, error.possibilities)
            raise click.NoSuchOption(error.option_name, possibilities=closest, ctx=ctx) from None
        except click.UsageError as error:
            selects = any(param.name == "select" for param in self.params)
            if not (selects and takes_words and "unexpected extra argument" in error.message):
                raise
            hint = f" Tables are selected with -s: `{ctx.command_path} -s TABLE`."
            raise click.UsageError(f"{error.message}.{hint}", ctx) from None


class Group(_Help, click.Group):
    """A group of commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            raise click.UsageError(f"There is no command {args[0]!r}.{self.hint(ctx, args[0], names)}", ctx)
        return super().resolve_command(ctx, args)

    def hint(self, ctx: click.Context, word: str, names: list[str]) -> str:
        """What somebody may have meant by a word that is no command; a sentence after a space, or nothing."""
        from pipeline.errors import did_you_mean

        return did_you_mean(word, names) or f" `{ctx.command_path}` takes {', '.join(names)}."

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with the first line of its help, whole."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, (command.help or "").partition("\n")[0]) for name, command in commands if command]
            )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)


def _closest(word: str, possibilities: Sequence[str] | None) -> list[str] | None:
    """Of what an option may have been meant to be, the closest."""
    from difflib import get_close_matches

    return get_close_matches(word, possibilities or [], n=1, cutoff=0) or None


def _join_selections(args: list[str]) -> list[str]:
    """`-s a b --exclude c d` → `-s "a b" --exclude "c d"`."""
    joined: list[str] = []
    open_selection = False  # the last of `joined` is a selection that takes further words
    expects_value = False  # the last of `joined` is the option itself
    for arg in args:
        if arg.startswith("-"):
            joined.append(arg)
            expects_value = arg in _SELECTORS
            open_selection = arg.split("=")[0] in _SELECTORS and "=" in arg
        elif open_selection:
            joined[-1] += f" {arg}"
        else:
            joined.append(arg)
            open_selection, expects_value = expects_value, False
    return joined


def command(name: str | None = None, **attributes: Any) -> Callable[[F], Command]:
    """Make a function a command with the options that every command takes."""

    def decorate(function: F) -> Command:
        made: Command = click.command(name, **{"cls": Command} | attributes)(common_options(function))
        return made

    return decorate


def common_options(function: F) -> F:
    """The options that stand before or after the command alike."""
    for option in reversed(_COMMON):
        function = option(function)
    return function


def _set(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """A callback that hands an option's value to the `Invocation`, if there is one."""

    def callback(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        invocation = ctx.ensure_object(Invocation)
        if value is not None:
            setattr(invocation, attribute, value)
        if attribute.startswith("log") and value is not None:
            from pipeline.cli.output import set_up_logging

            set_up_logging(invocation.log_level or "info", invocation.log_format)

    return callback


_COMMON = (
    click.option(
        "-t",
        "--target",
        metavar="NAME|URL",
        expose_value=False,
        callback=_set("target_option"),
        shell_complete=targets_after_tab,
        help="Database: a configured name, a URL, or a path ending in .duckdb.",
    ),
    click.option(
        "--wait",
        type=click.FloatRange(min=0, max=86_400),
        metavar="SECONDS",
        expose_value=False,
        callback=_set("wait"),
        help="Wait for a database that another process holds.  [default: 5]",
    ),
    click.option(
        "--log-level",
        type=click.Choice(LOG_LEVELS, case_sensitive=False),
        metavar="LEVEL",
        expose_value=False,
        callback=_set("log_level"),
        help=f"Log to standard error from this level on: {', '.join(LOG_LEVELS)}.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        expose_value=False,
        callback=_set("log_format"),
        help="How log lines are written.",
    ),
)


def selection_options(function: F) -> F:
    """`--select`, under its three names, and `--exclude`."""
    select = click.option(
        "-s",
        "--select",
        "-m",
        "--models",
        "select",
        multiple=True,
        metavar="EXPR",
        shell_complete=tables_after_tab,
        help="Tables to work on: names, staging.*, tag:x, +x, x+, @x; dbt's grammar.",
    )
    exclude = click.option(
        "--exclude",
        multiple=True,
        metavar="EXPR",
        shell_complete=tables_after_tab,
        help="Tables to leave out of the selection.",
    )
    return select(exclude(function))


def format_option(function: F) -> F:
    """`--format text|json`."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="json prints one document on standard output, messages go to standard error.",
    )(function)


def notify_option(what: str) -> Callable[[F], F]:
    """`--notify URL`; `what` tells what is posted there, and when."""
    return click.option(
        "--notify",
        metavar="URL",
        envvar="AA_PIPELINE_NOTIFY",
        callback=_address,
        help=f"{what} AA_PIPELINE_NOTIFY in the environment keeps secrets in it from other users.",
    )


def _address(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """An address to post to; a message never shows it, as it may hold secrets."""
    if not value:
        return None
    from pipeline.outputs.notice import check_address

    try:
        check_address(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", ctx, param) from None
    return value


def output_file_option(function: F) -> F:
    """`-o FILE`, of what is printed else."""
    from pathlib import Path

    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Where to write it.  [default: standard output]",
    )(function)


def period_options(function: F) -> F:
    """`--since DATE` and `--until DATE`, both inclusive."""
    since = click.option("--since", metavar="DATE", callback=_day, help="The first day that counts.")
    until = click.option("--until", metavar="DATE", callback=_day, help="The last day that counts.")
    return since(until(function))


def check_period(since: "dt.date | None", until: "dt.date | None") -> None:
    """Refuse a period that ends before it begins."""
    if since and until and since > until:
        raise click.UsageError("--since is after --until.")


def _day(ctx: click.Context, param: click.Parameter, value: str | None) -> "dt.date | None":
    """A date; ccusage's users write it without dashes."""
    import datetime as dt

    if value is None:
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no date, such as 2026-11-01.", ctx, param) from None


def conditions_option(function: F) -> F:
    """`--where DIMENSION=VALUE`, which arrives as values by dimension."""
    return click.option(
        "--where",
        multiple=True,
        metavar="DIMENSION=VALUE",
        callback=_conditions,
        help="Count only these; several values of one dimension are alternatives.",
    )(function)


def _conditions(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, list[str]]:
    """`agent=codex`, `agent=amp` → {"agent": ["codex", "amp"]}."""
    found: dict[str, list[str]] = {}
    for text in value:
        dimension, sign, wanted = text.partition("=")
        if not (dimension and sign and wanted):
            raise click.BadParameter(f"{text!r} is not DIMENSION=VALUE, such as agent=codex.", ctx, param)
        found.setdefault(dimension, []).append(wanted)
    return found


def as_of_option(function: F) -> F:
    """`--as-of TIME`, which arrives as an instant in UTC."""
    return click.option(
        "--as-of",
        metavar="TIME",
        callback=_instant,
        help="The run's “now”: moves the 90-day windows.  [default: the clock]",
    )(function)


def _instant(ctx: click.Context, param: click.Parameter, value: str | None) -> "dt.datetime | None":
    """An ISO date or time; without a zone it is UTC, a date alone is its first moment."""
    import datetime as dt

    if value is None:
        return None
    try:
        instant = dt.datetime.fromisoformat(value)
        return instant.astimezone(dt.UTC) if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{value!r} is no date or time, such as 2026-11-01 or 2026-11-01T12:00Z.", ctx, param
        ) from None
