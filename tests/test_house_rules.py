"""The rules of the house, as code. Beside each rule stands an example that breaks it, so that no rule can rot."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[1] / "app"
TAG = re.compile(
    r"<(a|article|aside|button|div|em|form|h[1-6]|html|input|li|main|mark|p|script|section|span|strong|svg|table|tr|td|ul)\b[^>]*>"
)

Rule = Callable[[str, str], Iterator[str]]


def strings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def no_html_in_python(path: str, source: str) -> Iterator[str]:
    yield from (f"HTML literal {text[:40]!r}" for text in strings(source) if TAG.search(text))


def only_config_reads_the_environment(path: str, source: str) -> Iterator[str]:
    if path != "config.py" and re.search(r"\bos\.(environ|getenv)\b|\bfrom os import .*(environ|getenv)", source):
        yield "reads the environment"


def only_db_commits(path: str, source: str) -> Iterator[str]:
    if path not in ("db.py", "sqlite.py") and ".commit(" in source:  # the driver's commit is db.py's
        yield "commits"


def only_repositories_select(path: str, source: str) -> Iterator[str]:
    if path.startswith(("repositories/", "migrations.py")):
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in ("sqlmodel", "sqlalchemy"):
            names = {alias.name for alias in node.names} & {"select", "insert", "update", "delete"}
            yield from (f"imports {name}() for queries" for name in names)


def no_import_inside_a_function(path: str, source: str) -> Iterator[str]:
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"imports inside {function.name}()"


def only_templating_knows_htmx(path: str, source: str) -> Iterator[str]:
    if path not in ("templating.py", "error_pages.py", "routes/dev.py"):
        yield from (f"names {text!r}" for text in strings(source) if re.fullmatch(r"(?i)hx-[a-z-]+", text))


def routes_are_short(path: str, source: str) -> Iterator[str]:
    """A route takes its aliases, calls one service and renders one page: no branches, no try."""
    if not path.startswith("routes/"):
        return
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.AsyncFunctionDef) and any(
            "router." in ast.unparse(d) for d in function.decorator_list
        ):
            body = [
                node
                for node in function.body
                if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant)
            ]
            if len(body) > 6 or any(isinstance(node, ast.If | ast.Try) for node in ast.walk(function)):
                yield f"{function.name}() does more than a route should"


def no_script_of_ours(path: str, source: str) -> Iterator[str]:
    if path.endswith((".js", ".mjs", ".ts")) and not path.startswith("static/vendor/"):
        yield "is a script"
    if not path.endswith(".html"):
        return
    for pattern, what in (
        (r"<script(?![^>]*\bsrc=)", "inline script"),
        (r"\son[a-z]+=", "inline handler"),
        (r"\bhx-on[:=]", "hx-on"),
        (r"[\"'\s]js:", "js: value"),
        (r"hx-trigger=\"[^\"]*\[", "trigger filter"),
        (r"\sstyle=", "inline style"),
        (r"(src|href)=\"(https?:)?//", "address of another host"),
    ):
        in_mail = path.startswith("templates/mail/")  # mail programs know no stylesheets but these
        if re.search(pattern, source) and not (what == "inline style" and in_mail):
            yield what


PYTHON_RULES: list[tuple[Rule, str, str]] = [
    (no_html_in_python, "services/x.py", 'x = "<p>hello</p>"'),
    (only_config_reads_the_environment, "services/x.py", "import os\nx = os.environ['X']"),
    (only_db_commits, "services/x.py", "await session.commit()"),
    (only_repositories_select, "services/x.py", "from sqlmodel import select"),
    (no_import_inside_a_function, "services/x.py", "def f():\n    import app.main"),
    (only_templating_knows_htmx, "routes/x.py", 'headers["HX-Redirect"] = "/"'),
    (routes_are_short, "routes/x.py", '@router.get("/")\nasync def f():\n    if x:\n        return 1'),
]
TEMPLATE_RULES: list[tuple[Rule, str, str]] = [
    (no_script_of_ours, "static/x.js", ""),
    (no_script_of_ours, "x.html", "<script>1</script>"),
    (no_script_of_ours, "x.html", '<a onclick="x()">'),
    (no_script_of_ours, "x.html", '<a hx-on:click="x()">'),
    (no_script_of_ours, "x.html", "<a hx-vals='js:{a: 1}'>"),
    (no_script_of_ours, "x.html", '<a hx-trigger="keyup[ctrlKey]">'),
    (no_script_of_ours, "x.html", '<a style="color: red">'),
    (no_script_of_ours, "x.html", '<script src="https://cdn.example/x.js"></script>'),
]


def name(value: object) -> str | None:
    return getattr(value, "__name__", None)


@pytest.mark.parametrize(("rule", "path", "source"), [*PYTHON_RULES, *TEMPLATE_RULES], ids=name)
def test_the_rule_finds_its_example(rule: Rule, path: str, source: str) -> None:
    assert list(rule(path, source))


@pytest.mark.parametrize("rule", [rule for rule, _path, _source in PYTHON_RULES], ids=name)
def test_no_module_breaks_it(rule: Rule) -> None:
    files = {str(file.relative_to(APP)): file.read_text() for file in APP.rglob("*.py")}
    assert len(files) > 20
    assert [f"{path}: {what}" for path, source in files.items() for what in rule(path, source)] == []


def test_no_script_of_ours_anywhere() -> None:
    files = [file for file in APP.rglob("*") if file.suffix in (".html", ".js", ".mjs", ".ts")]
    found = [
        (str(f.relative_to(APP)), what)
        for f in files
        for what in no_script_of_ours(str(f.relative_to(APP)), f.read_text())
    ]
    assert found == []


def test_functions_templates_and_modules_are_small() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for file in APP.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[int(len(lengths) * 0.9)] <= 15
    assert max(len(file.read_text().splitlines()) for file in APP.rglob("*.py")) <= 320
    partials = sorted(len(file.read_text().splitlines()) for file in (APP / "templates/partials").rglob("*.html"))
    assert partials[int(len(partials) * 0.9)] <= 40
