"""Docs and code hold each other: every setting and command is documented, and nothing else is."""

import re

from app.cli import app
from app.config import ROOT, Settings

DOCS = ROOT / "docs"


def words(page: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (DOCS / page).read_text()))


def test_every_setting_is_documented_and_in_the_example() -> None:
    names = {name.upper() for name in Settings.model_fields}
    levels = {"DEBUG", "INFO", "WARNING", "ERROR"}
    assert words("configuration.md", r"`([A-Z]+_?[A-Z_]*)`") - levels == names
    assert set(re.findall(r"(?m)^([A-Z_]+)=", (ROOT / ".env.example").read_text())) == names
    assert all(field.description for field in Settings.model_fields.values())


def test_every_command_is_documented() -> None:
    names = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert names <= words("cli.md", r"(?m)^#+ `?(?:fastopp )?([a-z]+)`?")


def test_code_named_in_the_docs_exists() -> None:
    """Paths in backticks are real, those of the tutorial's guestbook aside."""
    for page in DOCS.glob("*.md"):
        for path in re.findall(r"`((?:app|tests|docs|migrations|benchmarks|styles)/[a-z0-9_./-]+)`", page.read_text()):
            assert "guestbook" in path or "about" in path or (ROOT / path).exists(), f"{page.name}: {path}"


def test_no_pinned_file_names_a_host() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "package-lock.json"):
        assert "://" not in (ROOT / name).read_text()
