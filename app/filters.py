"""How templates say a value in the words of a person: `{{ session.device | device }}`."""

import re
from datetime import datetime

# The first that fits; each calls itself by the names of those below too.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def plain(markdown: str) -> str:
    """A quote as plain words, for cards that show only its beginning."""
    return re.sub(r"(?m)^\s*(```\w*|#+|>|[-*+]|\d+\.)\s*|[`*]", "", markdown)


def when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def device(user_agent: str) -> str:
    """What a browser calls itself, in the words of a person: "Firefox on Windows"."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return " on ".join(filter(None, (browser, system))) or user_agent[:60] or "An unknown program"


def seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.2f} s" if milliseconds < 10_000 else f"{milliseconds / 1000:.0f} s"


FILTERS = {each.__name__: each for each in (plain, when, seconds, device)}
