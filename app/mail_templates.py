"""Mails as text and as HTML: beside `templating`, the only module that knows Jinja2."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from app.models.base import folded


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
    return folded(value) if isinstance(value, str) and not isinstance(value, Markup) else value
