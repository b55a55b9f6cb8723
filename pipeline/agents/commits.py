"""Commits that an agent's tool has made, as git tells of them."""

import re

# `[main 9170fd3] Subject`, `[main (root-commit) 9170fd3] Subject`, `[detached HEAD 9170fd3] Subject`.
_MADE = re.compile(r"^\[[^\]\n]{1,200} ([0-9a-f]{7,64})\] ", re.MULTILINE)
LONGEST = 1 << 16  # characters of an output in which git's line is looked for


def commit_in(output: object) -> str | None:
    r"""The hash, as git abbreviates it, of the last commit that a tool's output tells of.

    >>> commit_in("[main 9170fd3] Greet politely\n 1 file changed, 2 insertions(+)")
    '9170fd3'
    >>> commit_in("nothing to commit")
    """
    made = _MADE.findall(output[-LONGEST:]) if isinstance(output, str) else []
    return str(made[-1]) if made else None
