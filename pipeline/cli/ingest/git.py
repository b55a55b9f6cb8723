"""`ingest git`: commits, and what became of their lines."""

import click

from pipeline.cli.ingest.result import import_arrow, show_result
from pipeline.cli.options import Invocation, command, pass_invocation


@command()
@click.argument("repositories", nargs=-1, required=True, metavar="REPO...")
@click.option("--branch", metavar="NAME", help="Branch to read.  [default: each one's default]")
@click.option("--all-branches", is_flag=True, help="Read every branch, here and at the remotes.")
@click.option("--survival", is_flag=True, help="Also land what became of the lines that commits added.")
@pass_invocation
def git(
    invocation: Invocation,
    repositories: tuple[str, ...],
    branch: str | None,
    all_branches: bool,
    survival: bool,
) -> None:
    """Land the commits of git repositories: folders, work trees or bare.

    With --survival also, of each commit of the branch, how many of its lines are alive after 7, 30 and
    90 days and today, and how many were deleted or rewritten within 21 days.

    \b
    aa-pipeline ingest git .
    aa-pipeline ingest git ~/code/* --all-branches
    aa-pipeline ingest git ~/code/app --survival
    """
    from pipeline.cli.output import progress
    from pipeline.ingest.git.ingest import ingest_git

    if branch and all_branches:
        raise click.UsageError("Give either --branch or --all-branches.")
    if survival and all_branches:
        raise click.UsageError("--survival looks at one branch: give --branch, or leave --all-branches out.")
    import_arrow(invocation)
    with invocation.connect(create=True) as engine:
        with progress("Reading commits"):
            result = ingest_git(
                engine,
                repositories,
                branch=branch,
                all_branches=all_branches,
                survival=survival,
                pseudonyms=invocation.pseudonyms,
            )
        show_result(engine, result)
