"""What an agent's tool has made, as git, `gh` and `glab` tell of it: commits and pull requests."""

import re

# `[main 9170fd3] Subject`, `[main (root-commit) 9170fd3] Subject`, `[detached HEAD 9170fd3] Subject`.
_MADE = re.compile(r"^\[[^\]\n]{1,200} ([0-9a-f]{7,64})\] ", re.MULTILINE)
# https://github.com/octo/app/pull/7, https://gitlab.com/group/sub/app/-/merge_requests/7
_ADDRESS = (
    r"https?://[^/\s]{1,200}/([\w.-]{1,100}(?:/[\w.-]{1,100}){1,20})/(?:pull|-/merge_requests)/(\d{1,9})"
)
# `gh pr create` prints the request's address on a line of its own.
_OPENED = re.compile(rf"^{_ADDRESS}\r?$", re.MULTILINE)
LONGEST = 1 << 16  # characters of an output in which such lines are looked for


def commit_in(output: object) -> str | None:
    r"""The hash, as git abbreviates it, of the last commit that a tool's output tells of.

    >>> commit_in("[main 9170fd3] Greet politely\n 1 file changed, 2 insertions(+)")
    '9170fd3'
    >>> commit_in("nothing to commit")
    """
    made = _MADE.findall(output[-LONGEST:]) if isinstance(output, str) else []
    return str(made[-1]) if made else None


def request_at(address: object) -> str | None:
    """The pull request of an address, by its repository and number.

    >>> request_at("https://github.com/octo/app/pull/7")
    'octo/app#7'
    >>> request_at("https://gitlab.com/group/sub/app/-/merge_requests/7")
    'group/sub/app#7'
    """
    found = re.fullmatch(_ADDRESS, address) if isinstance(address, str) else None
    return f"{found[1]}#{int(found[2])}" if found else None


def request_in(output: object) -> str | None:
    r"""The one pull request whose address stands on a line of its own in a tool's output.

    Where several do, as in a list, it is nobody's work.

    >>> request_in(
    ...     "Creating pull request for topic into main in octo/app\n\nhttps://github.com/octo/app/pull/7\n"
    ... )
    'octo/app#7'
    """
    lines = _OPENED.findall(output[-LONGEST:]) if isinstance(output, str) else []
    found = {f"{repository}#{int(number)}" for repository, number in lines}
    return found.pop() if len(found) == 1 else None


def made_in(output: object) -> dict[str, str | None]:
    """Attributes of the commit and the request that a shell's output tells of, or None for them."""
    return {"git_commit_id": commit_in(output), "pull_request": request_in(output)}
