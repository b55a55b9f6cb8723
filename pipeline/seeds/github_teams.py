"""Teams of an organisation on GitHub, as its command line tool writes them, read as rows of the teams seed.

GitHub tells who is in a team now, and not since when: its members are in it from 1970 on. Who is in several
teams is in the first of them by name.

https://docs.github.com/en/graphql/reference/objects#team
"""

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

SINCE_EVER = dt.date(1970, 1, 1)
START = re.compile(r"\S")


class Member(NamedTuple):
    """A row of the teams seed."""

    developer_id: str
    team: str
    parent_team: str | None
    cost_centre: None = None
    valid_from: dt.date = SINCE_EVER
    valid_to: None = None


def read_github_teams(text: str) -> list[Member]:
    """The members of teams, by login, each once.

    Args:
        text: answers of the API to `TEAM_QUERY` of `pipeline.ingest.github.query`, one after the other.

    Raises:
        ValueError: it is something else, or the pages of a team end before its last member.
    """
    members: dict[str, Member] = {}
    unread: dict[str, bool] = {}
    for answer in _documents(text):
        team = _team(answer)
        name, parent, page = team.get("name"), team.get("parentTeam"), team.get("members")
        if not isinstance(name, str) or not name.strip() or not isinstance(page, dict):
            raise ValueError("a team has no name or no members")
        unread[name] = bool((page.get("pageInfo") or {}).get("hasNextPage"))
        parent_name = parent.get("name") if isinstance(parent, dict) else None
        for node in page.get("nodes") or []:
            login = node.get("login") if isinstance(node, dict) else None
            if isinstance(login, str) and login:
                found = Member(login, name.strip(), parent_name)
                members[login.lower()] = min(members.get(login.lower(), found), found, key=_by_team)
    for name, goes_on in unread.items():
        if goes_on:
            raise ValueError(f"the members of {name} go on on a page that is not here; ask with --paginate")
    return sorted(members.values(), key=lambda member: member.developer_id.lower())


def _by_team(member: Member) -> str:
    return member.team


def _documents(text: str) -> Iterator[Any]:
    decoder, position = json.JSONDecoder(), 0
    while start := START.search(text, position):
        try:
            value, position = decoder.raw_decode(text, start.start())
        except RecursionError:
            raise ValueError("it is no answer of GitHub") from None
        yield from value if isinstance(value, list) else [value]


def _team(answer: Any) -> dict[str, Any]:
    place = answer
    for name in ("data", "organization", "team"):
        place = place.get(name) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        raise ValueError("it is no answer of GitHub about a team")
    return place
