r"""What pyromark reads in a text: with which options, within which limits, and with TeX between `\(` and `\)`."""

import re
from collections.abc import Iterator
from typing import Any

import pyromark
from pyromark import Options
from pyromark.event import BrokenLinkCallback, Event, Range

OPTIONS = Options.ENABLE_TABLES | Options.ENABLE_STRIKETHROUGH | Options.ENABLE_TASKLISTS | Options.ENABLE_MATH

Events = Iterator[tuple[Event, Range]]

_MAX_COLUMNS = 50
# The delimiter row of too wide a table: every row gets all its columns, so 20 kB of text could make 25 million cells.
_WIDE_TABLE = re.compile(rf"^(?=(?:[^|\n]*\|){{{_MAX_COLUMNS}}})([ \t>|:]*)-(?=[-:|> \t]*$)", re.MULTILINE)
_INLINE_TAGS = frozenset({"Emphasis", "Strong", "Strikethrough", "Link", "Image"})
_CLOSING = {rb"\(": rb"\)", rb"\[": rb"\]"}
_DOLLARS = {rb"\(": (b"${", b"}$"), rb"\[": (b"$$", b"$$")}  # the braces because `$ x $` is no formula
_LINE_START = re.compile(r"\n[ \t>]*")


def parse(source: str, *, merge_text: bool = True, on_broken_link: BrokenLinkCallback | None = None) -> Events:
    """The events of a text, with their ranges in its UTF-8 bytes; a table that is too wide is a paragraph."""
    if source.count("|") >= _MAX_COLUMNS:
        source = _WIDE_TABLE.sub(r"\1=", source)  # as many bytes
    return pyromark.events_with_range(
        source, options=OPTIONS, merge_text=merge_text, broken_link_callback=on_broken_link
    )


def named(value: Any) -> tuple[str, Any]:
    """Name and payload of an event or a tag, which pyromark gives as a bare name or as a dict of one key."""
    if isinstance(value, str):
        return value, None
    ((name, payload),) = value.items()
    return name, payload


def label_key(label: str) -> str:
    """What two spellings of a link label have in common when they match."""
    return " ".join(label.split()).casefold()


def with_dollars(source: str, on_broken_link: BrokenLinkCallback | None = None) -> str:
    r"""The text with `\(x\)` as `${x}$` and `\[x\]` as `$$x$$`: pyromark reads these, and they are as many bytes.

    So only where it reads all four as escapes in the text of one block, and no other dollar could pair with these. Each
    block is judged by itself, so that a piece of a text is treated as in the whole.
    """
    if r"\(" not in source and r"\[" not in source:
        return source
    old, new = source.encode(), bytearray(source.encode())
    opened: int | None = None
    lone_dollar = False
    for place, token in _tokens(old, parse(source, merge_text=False, on_broken_link=on_broken_link)):
        if token in _CLOSING:
            before = new[max(place - 1, 0) : place]
            ambiguous = before == b"$" or (lone_dollar and before.strip())  # a dollar after a space closes nothing
            opened = None if ambiguous else place
        elif opened is not None and token == _CLOSING[old[opened : opened + 2]]:
            end = place + 2
            new[opened:end] = _formula(old[opened:end], followed_by=old[end : end + 1])
            opened = None
        elif token == b"$":
            lone_dollar = True
        elif not token:
            opened, lone_dollar = None, False
    return new.decode()


def _tokens(source: bytes, events: Events) -> Iterator[tuple[int, bytes]]:
    """The escaped characters and the lone dollars of a text with their places; an empty token where a block ends."""
    text_end = 0
    for event, span in events:
        name, value = named(event)
        start, before = span["start"], span["start"] - 1
        if name in ("Start", "End") and named(value)[0] not in _INLINE_TAGS:
            yield start, b""
        elif name == "Text":
            if before >= text_end and source[before:start] == b"\\":  # which is no text itself, so it escapes
                yield before, source[before : start + 1]
            elif value in ("$", "$$"):
                yield start, b"$"
            text_end = span["end"]


def _formula(tex: bytes, followed_by: bytes) -> bytes:
    """The formula between dollars, or as it is where pyromark would not read it so."""
    (before, after), inner = _DOLLARS[tex[:2]], tex[2:-2]
    formula = before + inner + after
    alone = _LINE_START.sub("\n", formula.decode())  # out of the quote or the item that it stands in
    read = [named(event)[0] for event in pyromark.events(alone, options=OPTIONS)]
    is_formula = read in (["Start", "InlineMath", "End"], ["Start", "DisplayMath", "End"])
    return formula if is_formula and inner.strip() and followed_by != b"$" else tex
