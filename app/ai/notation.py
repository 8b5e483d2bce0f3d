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

_MAX_CODE = 50_000  # characters of one code block: beyond it Pygments takes seconds
_MAX_TEX = 2_000  # characters of one formula


@lru_cache(maxsize=128)  # an open list is rendered at every frame with the same code blocks in it
def highlighted(code: str, language: str) -> str:
    """The code as HTML with Pygments' classes; merely escaped if it is very long or the language unknown."""
    if len(code) > _MAX_CODE:
        return escape(code)
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escape(code)
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


@lru_cache(maxsize=256)
def formula(tex: str, display: str) -> str:
    """MathML of a formula, with `display` "inline" or "block"; its source as code where latex2mathml cannot read it."""
    source = element("code", escape(tex))
    if len(tex) > _MAX_TEX:
        return source
    try:
        math = Converter(display=display).convert_to_element(tex)
    except (
        Exception
    ):  # latex2mathml's errors share no base, and odd TeX also reaches IndexError, KeyError, RecursionError
        return source
    for node in math.iter():  # it writes symbols as character references, which would be escaped once more
        node.text = usable(unescape(node.text or ""))
    return ElementTree.tostring(math, encoding="unicode")
