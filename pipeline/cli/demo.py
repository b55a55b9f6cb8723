"""`demo`: the whole way, from the files of a made-up company to its marts."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import Invocation, as_of_option, command, pass_invocation

if TYPE_CHECKING:
    import datetime as dt

    from pipeline.demo import DemoFiles
    from pipeline.engines.base import Engine

CONFIG = """\
# The demo's company. `aa-pipeline init` in a folder of your own writes a file that explains every key.
internal_domains = ["example.com"]
"""

# Of suggestions and commits alone nothing tells the cost.
BY_AGENT = """
SELECT a.agent_display_name, sum(u.total_sessions), sum(u.total_tokens),
       CASE WHEN sum(u.total_sessions + u.total_tokens) > 0 OR sum(u.total_cost_usd) > 0
            THEN sum(u.total_cost_usd) END,
       sum(u.agent_assisted_commits)
FROM mart.fct_daily_agent_usage u JOIN mart.dim_agents a ON u.agent_type = a.agent_type
GROUP BY 1 ORDER BY 4 DESC NULLS LAST, 1 LIMIT 5
"""
BY_DEVELOPER = """
SELECT coalesce(d.developer_name, d.developer_id), sum(u.total_sessions), sum(u.total_tokens),
       sum(u.total_cost_usd), sum(u.agent_assisted_commits)
FROM mart.fct_daily_agent_usage u JOIN mart.dim_developers d ON u.developer_id = d.developer_id
GROUP BY 1 ORDER BY 4 DESC NULLS LAST, 1 LIMIT 5
"""


@command()
@click.option(
    "--path",
    type=click.Path(path_type=Path),
    default=Path("aa-demo"),
    show_default=True,
    help="New folder for the demo.",
)
@click.option("--seed", default=7, show_default=True, help="Another number, another history.")
@as_of_option
@pass_invocation
def demo(invocation: Invocation, path: Path, seed: int, as_of: "dt.datetime | None") -> None:
    """See it work on a made-up company, in a new folder.

    Writes what eight developers' agents, repositories and Copilot would have left in sixty days,
    ingests it the way it would ingest yours, and builds every table.

    \b
    aa-pipeline demo
    aa-pipeline demo --path /tmp/demo --seed 11
    """
    import datetime as dt

    from pipeline.cli.build import work_on_plan
    from pipeline.cli.output import progress, say
    from pipeline.config import CONFIG_FILE, load_config
    from pipeline.demo import write_demo
    from pipeline.errors import SetupError
    from pipeline.run import build

    as_of = as_of or dt.datetime.now(dt.UTC)
    folder = path.resolve()
    try:
        folder.mkdir(parents=True)
        (folder / CONFIG_FILE).write_text(CONFIG, encoding="utf-8")
    except FileExistsError:
        raise SetupError(
            f"{path} is there already. Remove it, or choose another folder with --path."
        ) from None
    except OSError as error:
        raise SetupError(f"{path} cannot be made: {error.strerror}.") from None

    with progress("Writing the files of a made-up company"):
        files = write_demo(folder, seed=seed, as_of=as_of)
    say(f"Wrote telemetry, repositories and Copilot reports of eight developers to {path}/.")

    invocation.config = load_config(folder)
    invocation.target_option = f"duckdb://{path / 'agent_analytics.duckdb'}"
    with invocation.connect(create=True) as engine:
        _ingest(engine, files)
    work_on_plan(invocation, build, "Built", output_format="summary", as_of=as_of, project_dir=folder)
    with invocation.connect(read_only=True) as engine:
        _write_pages(engine, folder)
        _show_marts(engine)
    _show_next(path)


def _ingest(engine: "Engine", files: "DemoFiles") -> None:
    from pipeline.cli.ingest.result import account, show_problems
    from pipeline.cli.output import progress, say
    from pipeline.engines.raw_tables import make_missing_raw_tables
    from pipeline.ingest.billing.ingest import ingest_billing
    from pipeline.ingest.copilot.ingest import ingest_copilot
    from pipeline.ingest.git.ingest import ingest_git
    from pipeline.ingest.github.ingest import ingest_github
    from pipeline.ingest.otlp.ingest import ingest_otlp

    make_missing_raw_tables(engine)
    for name, ingest, inputs in (
        ("otlp", ingest_otlp, files.otlp),
        ("git", ingest_git, files.repositories),
        ("copilot", ingest_copilot, files.copilot),
        ("github", ingest_github, files.pulls),
        ("billing", ingest_billing, files.bills),
    ):
        with progress(f"ingest {name}"):
            result = ingest(engine, [str(path) for path in inputs])
        show_problems(engine, result)
        say(f"ingest {name}: {account(result)}")


def _write_pages(engine: "Engine", folder: Path) -> None:
    from pipeline.outputs.dashboard import write_dashboard
    from pipeline.outputs.report import read_report, render
    from pipeline.system.files import write_whole

    write_whole(folder / "report.html", render(read_report(engine), "html").encode())
    write_dashboard(engine, folder / "dashboard")


def _show_marts(engine: "Engine") -> None:
    from pipeline.cli.output import say
    from pipeline.cli.tables import print_table
    from pipeline.outputs.totals import read_totals

    if totals := read_totals(engine):
        say(f"\n{totals.sentence()}")
    for title, query in ("Agents", BY_AGENT), ("Developers", BY_DEVELOPER):
        say()
        print_table(
            [title, "sessions", "tokens", "cost USD", "assisted commits"],
            [
                (name, sessions, tokens, "–" if cost is None else f"{cost:,.2f}", assisted)
                for name, sessions, tokens, cost, assisted in engine.fetch(query)
            ],
        )


def _show_next(path: Path) -> None:
    from pipeline.cli.output import say

    say(
        "\nWhat to try next:"
        f"\n  cd {path}"
        "\n  aa-pipeline show fct_agent_costs   rows of a mart"
        "\n  aa-pipeline ls                     every table, and what one row of it is"
        "\n  open dashboard/index.html          in a browser; report.html has every audit"
        "\n  aa-pipeline ingest transcripts     your own sessions (in a folder of your own)"
    )
