"""Mails as text and as HTML: beside `templating`, the only module that knows Jinja2."""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

# Line breaks and other controls, lone surrogates, and the marks that turn the reading direction around.
UNWANTED = re.compile("[\\s\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]+")


class MailTemplates:
    """Renders `mail/<name>.txt`, whose first line is the subject and whose text is not escaped, and `mail/<name>.html`.

    Values are folded into one line. Somebody's name can neither begin a header nor a paragraph of its own.
    """

    def __init__(self, env: Environment, site: str) -> None:
        self.site = site
        self.env = env.overlay(autoescape=is_html, finalize=in_one_line)

    def render(self, template: str, context: Mapping[str, object]) -> tuple[str, str, str]:
        """Return subject, text and HTML."""
        values = {"public_url": self.site, **context}
        words = self.env.get_template(f"mail/{template}.txt").render(values)
        subject, _, text = words.partition("\n")
        return subject.strip(), f"{text.strip()}\n", self.env.get_template(f"mail/{template}.html").render(values)


def is_html(name: str | None) -> bool:
    return name is None or name.endswith(".html")


def in_one_line(value: Any) -> Any:
    """Fold a value's white space and controls; markup is our own, and stays."""
    return UNWANTED.sub(" ", value) if isinstance(value, str) and not isinstance(value, Markup) else value
