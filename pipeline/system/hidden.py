"""Characters that nobody sees, or that put the text around them in another order: spelled out for people.

Whoever writes a commit message or a name may put them in, to steer a terminal or to have one thing read as
another (trojansource.codes).
"""

import re

# Control characters; spaces, marks and fillers without width; what sets the direction of text; tags.
HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def visible(text: object) -> str:
    r"""Text on one line, with every hidden character spelled out.

    >>> visible("\x1b[31mred\n")
    '\\x1b[31mred\\n'
    """
    return HIDDEN.sub(_spelled, str(text))


def visible_lines(text: str) -> str:
    r"""Text of several lines, with every other hidden character spelled out.

    >>> visible_lines("\x1b[31mred\n")
    '\\x1b[31mred\n'
    """
    return HIDDEN.sub(lambda found: found[0] if found[0] == "\n" else _spelled(found), text)


def escaped_json(text: str) -> str:
    r"""A JSON document of the same values whose texts hold their hidden characters as escapes.

    >>> escaped_json('"\u202e"')
    '"\\u202e"'
    """
    return HIDDEN.sub(lambda found: found[0] if found[0] == "\n" else _in_json(found[0]), text)


def visible_json(text: str) -> str:
    r"""A JSON document on one line whose texts, once they are read, have hidden characters spelled out.

    >>> visible_json('"\u202e"')
    '"\\\\u202e"'
    """
    return HIDDEN.sub(lambda found: "\\" + _spelled(found), text)


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _in_json(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
