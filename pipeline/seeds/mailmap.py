"""A `.mailmap` read as rows of the identities seed.

Git's file of names and addresses says which of them are one person; see gitmailmap(5). A line is

    Proper Name <proper@example.com> Other Name <other@example.com>

where the first name, the first address or the second name may be missing. Here the proper address
is the developer, and all others are other names of theirs.
"""

import re
from typing import NamedTuple

NOREPLY = re.compile(r"(?:\d+\+)?(?P<login>[^@]+)@users\.noreply\.github\.com")
ENTRY = re.compile(r"(?P<name>[^<]*)<(?P<email>[^>]*)>(?:(?P<other_name>[^<]*)<(?P<other>[^>]*)>)?")


class Identity(NamedTuple):
    """A row of the identities seed."""

    alias: str
    developer_id: str
    developer_name: str | None
    developer_email: str | None


def read_mailmap(text: str) -> list[Identity]:
    """The other names of developers that a mailmap gives, each alias once, in alphabetical order.

    - Addresses are compared without regard to case.
    - Chains are followed: if `b` is a name of `a` and `c` one of `b`, all are `a`.
    - An address that stands for several people, told apart by their names, is nobody's alias:
      telemetry has no names to tell them apart by.
    - A noreply address of GitHub is an alias together with the login that it contains.
    """
    proper: dict[str, str] = {}
    names: dict[str, str] = {}
    shared: set[str] = set()
    for line in text.splitlines():
        entry = None if line.startswith("#") else ENTRY.search(line)
        if not entry or not entry["email"].strip():
            continue
        developer = entry["email"].strip().lower()
        other = (entry["other"] or "").strip().lower() or developer
        if (entry["other_name"] or "").strip() and proper.get(other, developer) != developer:
            shared.add(other)
        proper[other] = developer
        if name := entry["name"].strip():
            names[developer] = name
    identities = {}
    for other in proper.keys() - shared:
        developer = _end_of_chain(proper, other)
        for alias in _aliases(other) + _aliases(developer):
            identities[alias] = Identity(alias, developer, names.get(developer), developer)
    return sorted(identities.values())


def _end_of_chain(proper: dict[str, str], email: str) -> str:
    passed = {email}
    while (following := proper.get(email, email)) not in passed:
        passed.add(following)
        email = following
    return email


def _aliases(email: str) -> list[str]:
    noreply = NOREPLY.fullmatch(email)
    return [email, noreply["login"]] if noreply else [email]
