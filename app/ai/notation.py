"""Notations inside Markdown that have renderers of their own: program code and TeX formulas."""

from functools import lru_cache
from html import unescape
from xml.etree import ElementTree

from latex2mathml.converter import Converter
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from app.ai.safe_html import element, escape, usable

_MAX_CODE = 20_000  # characters of one code block, which Pygments takes a tenth of a second for
_MAX_TEX = 2_000  # characters of one formula
_FORMATTER = HtmlFormatter(nowrap=True)  # it takes longer to make than to write a short block


@lru_cache(maxsize=128)  # an open list is rendered at every frame with the same code blocks in it
def highlighted(code: str, language: str) -> str:
    """The code as HTML with Pygments' classes; merely escaped if it is very long or the language unknown."""
    if len(code) > _MAX_CODE:
        return escape(code)
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escape(code)
    return highlight(code, lexer, _FORMATTER)


def open_code(code: str) -> str:
    """Code whose fence is open: it only ever grows, so a last line that may become the closing fence is held back."""
    lines, _, last = code.rpartition("\n")
    shown = code if last.strip(" \t`~") else lines
    return element("pre", element("code", escape(shown)), {"tabindex": "0"})


@lru_cache(maxsize=1024)
def formula(tex: str, display: str) -> str:
    """MathML of a formula, with `display` "inline" or "block"; its source as code where latex2mathml cannot read it."""
    source = element("code", escape(tex))
    if len(tex) > _MAX_TEX:
        return source
    try:
        math = Converter(display=display).convert_to_element(tex)
    # latex2mathml's errors share no base, and odd TeX also reaches IndexError, KeyError and RecursionError.
    except Exception:
        return source
    if display == "block":  # wide ones scroll, and without a pointer only what has the focus does
        math.set("tabindex", "0")
    for node in math.iter():  # it writes symbols as character references, which would be escaped once more
        node.text = usable(unescape(node.text or ""))
    return ElementTree.tostring(math, encoding="unicode")
