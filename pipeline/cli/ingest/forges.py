"""`ingest github`, `ingest gitlab`: pull and merge requests."""

import click

from pipeline.cli.ingest.result import show_result
from pipeline.cli.options import Invocation, command, pass_invocation


@command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option(
    "--print-query",
    type=click.Choice(["pulls", "team"]),
    is_flag=False,
    flag_value="pulls",
    help="Print what `gh api graphql` is to ask, for pull requests or for a team, and do nothing.",
)
@pass_invocation
def github(invocation: Invocation, paths: tuple[str, ...], print_query: str | None) -> None:
    """Land pull requests: files that GitHub's gh has written, folders, globs, - for standard input.

    Reads what `gh api graphql --paginate` (with --slurp or not) and `gh pr list --json` write. Titles
    and bodies are left out, and so is who reviewed.

    \b
    gh api graphql --paginate -F owner=OWNER -F name=REPO
      -f query="$(aa-pipeline ingest github --print-query)" > pulls.json
    aa-pipeline ingest github pulls.json
    """
    from pipeline.cli.output import progress, say
    from pipeline.ingest.github.query import QUERIES

    if bool(print_query) == bool(paths):
        raise click.UsageError("Give either paths or --print-query.")
    if print_query:
        say(QUERIES[print_query].rstrip())
        return

    from pipeline.ingest.github.ingest import ingest_github

    with invocation.connect(create=True) as engine:
        with progress("Reading pull requests"):
            result = ingest_github(engine, paths, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)


@command()
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option("--print-query", is_flag=True, help="Print what `glab api graphql` is to ask, and do nothing.")
@pass_invocation
def gitlab(invocation: Invocation, paths: tuple[str, ...], print_query: bool) -> None:
    """Land merge requests: files that GitLab's glab has written, folders, globs, - for standard input.

    Reads what `glab api graphql --paginate`, `glab mr list --output json` and the REST API write.
    They stand beside pull requests. Titles, descriptions and who reviewed are left out.

    \b
    glab api graphql --paginate -f fullPath=GROUP/PROJECT
      -f query="$(aa-pipeline ingest gitlab --print-query)" > merges.json
    aa-pipeline ingest gitlab merges.json
    """
    from pipeline.cli.output import progress, say
    from pipeline.ingest.gitlab.query import QUERY

    if print_query == bool(paths):
        raise click.UsageError("Give either paths or --print-query.")
    if print_query:
        say(QUERY.rstrip())
        return

    from pipeline.ingest.gitlab.ingest import ingest_gitlab

    with invocation.connect(create=True) as engine:
        with progress("Reading merge requests"):
            result = ingest_gitlab(engine, paths, pseudonyms=invocation.pseudonyms)
        show_result(engine, result)
