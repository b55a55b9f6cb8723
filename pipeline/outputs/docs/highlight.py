"""Python and SQL as HTML with coloured words.

One pass of one regular expression per language: a site is written in a fraction of a second,
and words, strings and comments are all that a reader of models needs coloured.
"""

import re
from html import escape

from pipeline.outputs.pages import visible

_STRING = r"""(?P<string>(?:\b[rbfRBF]{{1,2}})?(?:{triple}"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))"""
_PYTHON_WORDS = """
    and as assert async await break case class continue def del elif else except False finally for from
    global if import in is lambda match None nonlocal not or pass raise return True try while with yield
"""
_SQL_WORDS = """
    all and anti any array as asc between by case cast cross current date day days desc distinct else end
    except exists false filter first following from full group having if ilike in inner interval intersect
    into is join last lateral left like limit not null nulls offset on or order outer over partition
    preceding range right rows row select semi struct table then time timestamp true try_cast unbounded
    union unnest using values when where window with within zone
"""


def _pattern(words: str, comment: str, string: str, flags: int = 0) -> re.Pattern[str]:
    keywords = "|".join(words.split())
    return re.compile(
        rf"(?P<comment>{comment})|{string}|(?P<keyword>\b(?:{keywords})\b)"
        r"|(?P<number>\b\d[\d_.]*(?:[eE][+-]?\d+)?\b)|(?P<call>\b[A-Za-z_]\w*(?=\())",
        flags,
    )


_TRIPLE = r'"""[\s\S]*?"""|' + r"'''[\s\S]*?'''|"
_PATTERNS = {
    "python": _pattern(_PYTHON_WORDS, r"#[^\n]*", _STRING.format(triple=_TRIPLE)),
    # A quoted name is a name: only what stands in single quotes is a string.
    "sql": _pattern(
        _SQL_WORDS,
        r"--[^\n]*|/\*[\s\S]*?\*/",
        r"""(?P<name>"(?:[^"]|"")*"|`[^`]*`)|(?P<string>'(?:[^']|'')*')""",
        re.IGNORECASE,
    ),
}
_CLASSES = {"comment": "hc", "string": "hs", "keyword": "hk", "number": "hn", "call": "hf"}


def highlight(code: str, language: str) -> str:
    """Code as HTML, every character of it escaped, and what nobody would see spelled out.

    Args:
        code: the text.
        language: python or sql.
    """
    code = re.sub(r"[^\n\t]+", lambda found: visible(found[0]), code)
    parts: list[str] = []
    end = 0
    for found in _PATTERNS[language].finditer(code):
        kind = _CLASSES.get(found.lastgroup or "")
        if kind is None:
            continue
        parts += [escape(code[end : found.start()]), f'<span class="{kind}">{escape(found[0])}</span>']
        end = found.end()
    parts.append(escape(code[end:]))
    return "".join(parts)
