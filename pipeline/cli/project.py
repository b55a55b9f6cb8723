"""`init` and `clean`: the files of a project."""

from pathlib import Path

import click

from pipeline.cli.options import Invocation, command, pass_invocation

CONFIG_TEMPLATE = """\
# aa-pipeline: every key is optional, and this is its default.
# A URL takes secrets from the environment: postgres://ada:${DB_PASSWORD}@db.example.com/analytics

# Used where neither --target nor AA_PIPELINE_TARGET says otherwise: a name below, or a URL.
# default_target = "duckdb://agent_analytics.duckdb"

# Where days begin, an IANA name.
# timezone = "UTC"

# E-mail domains of your own people; everybody else is external.
# internal_domains = ["example.com"]

# Days of commits and Copilot reports that are kept.
# window_days = 90

# Seconds after its session in which a commit still counts as assisted by it.
# time_window_seconds = 300

# Attributes of telemetry that name the project, the best first; those of OpenTelemetry are known.
# project_attributes = ["repo", "team.project"]

# Folders that hold a folder for each project: sessions outside of repositories are called as it is.
# project_roots = ["~/work"]

# Most memory that the database engine may use. A DuckDB build takes about 2 GiB unless told otherwise.
# memory_limit = "8GB"

# [targets]
# dev = "duckdb://agent_analytics.duckdb"
# prod = "postgres://ada:${DB_PASSWORD}@db.example.com/analytics"

# How old the newest row of a source may be: otel_logs, otel_metrics, git_commits, copilot_metrics.
# [freshness]
# otel_logs = { warn_after = "24h", error_after = "3 days" }

# Days that `aa-pipeline maintain` keeps of a raw table, or of quarantine, ingests, runs, run_tables,
# audit_results and audit_failures in meta. What is not named here stays, but for the results of old runs.
# [retention]
# otel_logs = 400
# otel_metrics = 400

# Whether a keyed hash stands for each person; names, addresses, accounts, messages and paths go.
# The key is in the environment variable AA_PIPELINE_PRIVACY_KEY; openssl rand -hex 32 makes one.
# And the least number of people behind any figure of the dashboard and of exports.
# [privacy]
# pseudonyms = false
# min_group = 5

# Whether a failed audit stops a build: error or warn, for a table or for one of its audits,
# and how many rows may fail ("warn 10", "error 1%"). A target can have its own.
# [severity]
# fct_git_commits = "warn"
"""


@command()
@click.option(
    "--models", is_flag=True, help="Write an example of a model of your own too: contract, law and test."
)
@pass_invocation
def init(invocation: Invocation, models: bool) -> None:
    """Write a configuration file and make empty raw tables.

    What is there already stays as it is.

    \b
    aa-pipeline init
    aa-pipeline init --models
    aa-pipeline init --target postgres://ada@db.example.com/analytics
    """
    from pipeline.cli.output import say
    from pipeline.config import CONFIG_FILE, redact
    from pipeline.engines.raw_tables import make_missing_raw_tables

    file = Path.cwd() / CONFIG_FILE
    target = invocation.target  # a broken configuration is an error before anything is made
    if _write_new(file, CONFIG_TEMPLATE):
        say(f"Wrote {CONFIG_FILE}; every key in it is explained and optional.")
    else:
        say(f"{CONFIG_FILE} is there already and stays as it is.")
    if models:
        _write_example()

    with invocation.connect(create=True) as engine, engine.transaction():
        missing = make_missing_raw_tables(engine)
    where = redact(target.url)
    if missing:
        say(f"Made {', '.join(f'raw.{table}' for table in missing)} in {where}.")
    else:
        say(f"{where} has the raw tables already.")
    say("Next: `aa-pipeline ingest --help` shows how data gets in; then `aa-pipeline build`.")


def _write_example() -> None:
    """Write a mart of one's own with what belongs to it, but for files that are there."""
    from pipeline.cli.example import FILES
    from pipeline.cli.output import say

    for name, text in FILES.items():
        file = Path.cwd() / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if _write_new(file, text):
            say(f"Wrote {name}.")
        else:
            say(f"{name} is there already and stays as it is.")


def _write_new(file: Path, text: str) -> bool:
    """Write a text, unless the file is there; another `init` may be making the same right now."""
    from pipeline.system.files import write_whole

    if file.exists() or file.is_symlink():
        return False
    write_whole(file, text.encode())
    return True


@command()
@pass_invocation
def clean(invocation: Invocation) -> None:
    """Remove compiled plans and generated pages.

    The pages are those of site/ and dashboard/ in the working directory, as `docs generate` and
    `dashboard` make them, and dbt's artifacts those of target/; what else lies there stays. The plans are
    those of all your projects, and are compiled again when they are needed. No data is touched.

    \b
    aa-pipeline clean
    """
    from pipeline.cli.output import say
    from pipeline.compile import plan_cache
    from pipeline.outputs.artifacts import folder as artifacts
    from pipeline.outputs.docs.folder import MANIFEST, write_site
    from pipeline.outputs.pages.ours import DASHBOARD, is_made_by

    count = plan_cache.clear()
    say(f"Removed {count} compiled plan{'' if count == 1 else 's'}.")
    site, page = Path("site"), Path("dashboard", "index.html")
    if (site / MANIFEST).exists():
        write_site(site, {})
        (site / MANIFEST).unlink()
        _remove_empty_folders(site)
        say("Removed the documentation of site/.")
    if is_made_by(page, DASHBOARD):
        page.unlink()
        _remove_empty_folders(page.parent)
        say("Removed the page of dashboard/.")
    if artifacts.remove(invocation.config.project_dir):
        say("Removed the artifacts of target/.")


def _remove_empty_folders(root: Path) -> None:
    folders = [path for path in root.rglob("*") if path.is_dir() and not path.is_symlink()]
    for folder in [*sorted(folders, reverse=True), root]:
        if not any(folder.iterdir()):
            folder.rmdir()
