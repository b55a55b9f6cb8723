"""How long messages of commits are."""

import ibis

EXTENDS = "fct_git_commits"


def commit_words(fct_git_commits: ibis.Table) -> ibis.Table:
    """The same commits, with the number of words in their message."""
    words = fct_git_commits.commit_message.strip().split(" ").length().cast("int64")
    return fct_git_commits.mutate(message_words=words)
