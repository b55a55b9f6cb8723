"""Python and SQL as HTML with coloured words."""

import re
from html import escape
from itertools import groupby

from pygments.lexer import Lexer
from pygments.lexers.python import PythonLexer
from pygments.lexers.sql import SqlLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Token, _TokenType

from pipeline.system.hidden import visible

LEXERS: dict[str, Lexer] = {
    "python": PythonLexer(stripnl=False, ensurenl=False),
    "sql": SqlLexer(stripnl=False, ensurenl=False),
}
# The classes of `site.css`; the nearest kind above a token's own decides.
CLASSES = {
    Comment: "hc",
    String: "hs",
    String.Symbol: None,  # in SQL a quoted name
    Keyword: "hk",
    Operator.Word: "hk",
    Number: "hn",
    Name.Function: "hf",
    Name.Decorator: "hf",
    Token: None,
}


def highlight(code: str, language: str) -> str:
    """Code as HTML, every character of it escaped, and what nobody would see spelled out.

    Args:
        code: the text.
        language: python or sql.
    """
    code = re.sub(r"[^\n\t]+", lambda found: visible(found[0]), code)
    tokens = LEXERS[language].get_tokens(code)
    parts = []
    for kind, group in groupby(tokens, key=lambda token: _class(token[0])):
        text = escape("".join(value for _, value in group))
        parts.append(f'<span class="{kind}">{text}</span>' if kind else text)
    return "".join(parts)


def _class(kind: _TokenType) -> str | None:
    while kind not in CLASSES:
        kind = kind.parent
    return CLASSES[kind]
