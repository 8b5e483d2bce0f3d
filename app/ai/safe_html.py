"""HTML elements as strings, and the lists of what may reach a page."""

import re
from collections.abc import Mapping
from urllib.parse import quote

import nh3

# Two noncharacters: Unicode keeps them out of interchange, so they can be replaced wherever they come from outside.
MARK, UNMARK = "\ufdd0", "\ufdd1"

# HTML reads a carriage return, once written, as a newline, so that a second cleaning would change it.
_UNUSABLE = re.compile(f"[\0\r\ud800-\udfff{MARK}{UNMARK}]")

_URL_SAFE = "-_.+!*'(),%#@?=;:/$&~"
_SAME_SITE = re.compile(r"#|/(?!/)")


def _words(text: str) -> set[str]:
    return set(text.split())


_TAGS = _words("""
    a blockquote br clipboard-copy code del div em h1 h2 h3 h4 h5 h6 hr img input li ol p pre span strong
    table tbody td th thead tr ul
""")
_ATTRIBUTES = {
    "a": {"href", "title", "rel"},
    "clipboard-copy": {"for", "class", "role", "tabindex", "aria-label"},
    "code": {"id"},
    "div": {"class", "role", "tabindex", "aria-label"},
    "img": {"src", "alt", "title"},
    "input": {"aria-label", "checked", "disabled"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "span": {"class"},
    "td": {"align"},
    "th": {"align", "scope"},
}
_MATH_TAGS = _words("""
    math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub msubsup msup
    mtable mtd mtext mtr munder munderover
""")
_MATH_ATTRIBUTES = _words("""
    accent columnalign columnlines columnspacing depth display displaystyle fence form height largeop linethickness
    lspace mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits notation rowlines rowspacing
    rspace scriptlevel separator stretchy symmetric voffset width xmlns
""")
_CLEANER = nh3.Cleaner(
    tags=_TAGS | _MATH_TAGS,
    attributes=_ATTRIBUTES | dict.fromkeys(_MATH_TAGS, _MATH_ATTRIBUTES),
    tag_attribute_values={"input": {"type": {"checkbox"}}, "math": {"tabindex": {"0"}}},
    set_tag_attribute_values={"input": {"disabled": ""}},
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)


def usable(text: str) -> str:
    """The text with each character that UTF-8, HTML or the marks cannot bear replaced, one for one."""
    return _UNUSABLE.sub("\ufffd", text)


def clean(html: str) -> str:
    """The HTML without any tag, attribute or URL scheme that is not on the lists; cleaning it again changes nothing."""
    return _CLEANER.clean(html)


def escape(text: str) -> str:
    """The text as it stands in an element or in a quoted attribute; usable, as character references need not be."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return usable(escaped)


def start_tag(name: str, attributes: Mapping[str, str] = {}) -> str:
    if not attributes:
        return f"<{name}>"
    return "".join(["<", name, *(f' {key}="{escape(value)}"' for key, value in attributes.items()), ">"])


def end_tag(name: str) -> str:
    return f"</{name}>"


def element(name: str, inner: str, attributes: Mapping[str, str] = {}) -> str:
    """An element around HTML that is safe already."""
    return start_tag(name, attributes) + inner + end_tag(name)


def link_attributes(url: str, title: str) -> dict[str, str]:
    """The attributes of a link, which is not followed by search engines when it leads elsewhere."""
    href = quote(url, safe=_URL_SAFE)
    rel = {} if _SAME_SITE.match(href) else {"rel": "nofollow noopener"}
    return {"href": href} | ({"title": title} if title else {}) | rel
