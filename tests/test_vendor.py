"""What the vendor folders hold is what VENDOR.toml says; the stylesheet and the icons have what templates ask for."""

import gzip
import hashlib
import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
VENDOR = ROOT / "app" / "static" / "vendor"
SERVER_VENDOR = ROOT / "app" / "vendor"
TEMPLATES = ROOT / "app" / "templates"
STYLESHEET = ROOT / "app" / "static" / "css" / "app.css"
LARGEST_STYLESHEET = 14 * 1024  # bytes, compressed: every first visit waits for it


def differences(folder: Path) -> set[str]:
    """Name every file that is unlisted, missing, or not the one that was listed."""
    listed = {entry["file"]: entry["sha256"] for entry in manifest(folder)["file"]}
    present = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "VENDOR.toml"
    }
    return {name for name, _ in listed.items() ^ present.items()}


def manifest(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "VENDOR.toml").read_text())


def styled(css: str) -> set[str]:
    """The classes that a stylesheet speaks of."""
    return {re.sub(r"\\(.)", r"\1", name) for name in re.findall(r"\.((?:\\.|[\w-])+)", css)}


def used(html: str) -> set[str]:
    """The classes that a template writes out, but not what expressions give; `group` marks an element for others."""
    html = re.sub(r"\{#.*?#\}", "", html, flags=re.DOTALL)
    written = " ".join(re.findall(r'class="((?:\{\{.*?\}\}|\{%.*?%\}|[^"{])*)"', html))
    return {name for name in re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", written).split() if name.split("/")[0] != "group"}


@pytest.mark.parametrize("folder", [VENDOR, SERVER_VENDOR], ids=["browsers", "server"])
def test_every_vendored_file_is_listed_with_its_hash(folder: Path) -> None:
    assert differences(folder) == set()
    assert all(entry["version"] and entry["license"] for entry in manifest(folder)["file"])


def test_an_altered_an_unlisted_and_a_missing_file_are_noticed(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(VENDOR, tmp_path / "vendor"))
    (folder / "htmx.min.js").write_text("altered")
    (folder / "extra.js").write_text("unlisted")
    (folder / "hx-sse.min.js").unlink()
    assert differences(folder) == {"htmx.min.js", "extra.js", "hx-sse.min.js"}


def test_versions_are_those_that_package_json_pins() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    pinned = package["devDependencies"] | package["vendored"]
    entries = manifest(VENDOR)["file"] + manifest(VENDOR)["built_in"]
    recorded = {entry["name"]: entry["version"] for entry in entries}
    assert recorded == {name: version for name, version in pinned.items() if name != "@tailwindcss/cli"}
    assert all(entry["license"] for entry in entries)


@pytest.mark.parametrize(
    "name",
    ["package-lock.json", "app/static/vendor/VENDOR.toml", "app/vendor/VENDOR.toml", "app/static/css/app.css"],
)
def test_no_address_of_another_host_is_recorded(name: str) -> None:
    text = (ROOT / name).read_text()
    assert set(re.findall(r"https?://[^/\s\"')]+", text)) <= {"http://www.w3.org", "https://tailwindcss.com"}


def test_every_class_of_a_template_is_in_the_stylesheet() -> None:
    """If not: `make css`; if it is DaisyUI's and that does not help, its component is not let in by styles/app.css."""
    known = styled(STYLESHEET.read_text())
    missing = {path.name: used(path.read_text()) - known for path in TEMPLATES.rglob("*.html")}
    assert {name: classes for name, classes in missing.items() if classes} == {}


def test_a_class_without_style_is_noticed() -> None:
    html = '<p class="sm:mt-2 [&>svg]:size-5 {{ \'a\' if b }} typo group/row">{# class="comment" #}</p>'
    assert used(html) - styled(r".sm\:mt-2{margin:0}.\[\&\>svg\]\:size-5>svg{width:0}") == {"typo"}


def test_the_stylesheet_is_small_and_asks_nothing_of_others() -> None:
    css = STYLESHEET.read_bytes()
    assert len(gzip.compress(css)) <= LARGEST_STYLESHEET
    assert re.findall(rb"@import|@font-face|url\((?!\"data:)", css) == []


def test_every_icon_that_a_template_names_is_there() -> None:
    named = {
        name
        for path in TEMPLATES.rglob("*.html")
        for name in re.findall(r'include "icons/([\w-]+)\.svg"', path.read_text())
    }
    assert named
    assert named <= {path.stem for path in (TEMPLATES / "icons").glob("*.svg")}


def test_icons_are_hidden_from_screen_readers_and_take_the_colour_of_the_text() -> None:
    icons = sorted((TEMPLATES / "icons").glob("*.svg"))
    assert icons
    for icon in icons:
        assert icon.read_text().startswith('<svg class="icon" aria-hidden="true" viewBox="0 0 24 24"'), icon.name
        assert "currentColor" in icon.read_text(), icon.name
