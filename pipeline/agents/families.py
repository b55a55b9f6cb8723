"""Sessions that others have started."""

from collections.abc import Mapping


def root_of(session: str, parents: Mapping[str, str]) -> str:
    """The session that a person began; of parents that go round in a circle, the last one.

    >>> root_of("grandchild", {"grandchild": "child", "child": "root"})
    'root'
    """
    passed = {session}
    while (parent := parents.get(session)) and parent not in passed:
        passed.add(parent)
        session = parent
    return session
