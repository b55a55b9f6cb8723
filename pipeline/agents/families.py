"""Sessions that others have started."""

from collections.abc import Mapping

DEEPEST = 100  # sub-agents of sub-agents; a longer line of parents is made up


def root_of(session: str, parents: Mapping[str, str]) -> str:
    """The session that a person began; of parents without end, the last one that is looked at.

    >>> root_of("grandchild", {"grandchild": "child", "child": "root"})
    'root'
    """
    passed = {session}
    while (parent := parents.get(session)) and parent not in passed and len(passed) < DEEPEST:
        passed.add(parent)
        session = parent
    return session
