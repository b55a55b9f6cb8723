"""Values of a report come from commits and telemetry: shown as text, whatever they contain."""

import re

from pipeline.system.hidden import visible, visible_lines

# What XML 1.0 cannot hold at all, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What begins or ends something in Markdown or the HTML inside it.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@:-])")


def xml_text(text: object) -> str:
    r"""Text that an XML document can hold, once it is escaped, and of which nothing is hidden.

    >>> xml_text("a\x00b")
    'a\\x00b'
    """
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode(), visible_lines(str(text)))


def markdown_text(text: object) -> str:
    r"""Text that Markdown shows as it is: no link, no mention, no HTML, no table cell.

    >>> markdown_text("<b>|@all")
    '\\<b\\>\\|\\@all'
    """
    return _MARKDOWN.sub(r"\\\1", visible(text))
