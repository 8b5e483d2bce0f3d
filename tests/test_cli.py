"""The command line, as a person types it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.config import ROOT, Settings

RUNNER = CliRunner()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "folder" / "cli.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    return path


def run(*arguments: str) -> str:
    result = RUNNER.invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_migrate_makes_the_folder_and_is_happy_twice(database: Path) -> None:
    run("migrate")
    run("migrate")
    assert database.exists()
    assert "All well" in run("check")


def test_check_says_what_is_missing(database: Path) -> None:
    result = RUNNER.invoke(app, ["check"])
    assert result.exit_code == 1
    assert "fastopp migrate" in result.output


def test_migrate_to_a_revision_that_is_not_there_says_so(database: Path) -> None:
    result = RUNNER.invoke(app, ["migrate", "0001"])
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "0001" in result.output


def test_seed_twice_changes_nothing(database: Path) -> None:
    run("migrate")
    pages = len(list((ROOT / "docs").glob("*.md")))
    assert run("seed") == f"{pages} documents, {pages} changed. 4 people for the demo.\n"
    assert run("seed") == f"{pages} documents, 0 changed.\n"


def test_secrets_are_strong_and_new_each_time() -> None:
    first, second = run("secrets"), run("secrets")
    assert first != second
    key = first.strip().removeprefix("SECRET_KEY=")
    assert Settings(environment="production", secret_key=key, public_url="https://example.org").in_production


def test_version_names_python() -> None:
    assert f"Python {sys.version.split()[0]}" in run("version")


def test_shell_runs_queries(database: Path) -> None:
    run("migrate")
    typed = "from sqlmodel import select\nprint(len(run(session.exec(select(models.User))).all()))\n"
    result = RUNNER.invoke(app, ["shell"], input=typed)
    assert ">>> 0\n" in result.output


def test_makemigrations_writes_what_the_database_lacks(tmp_path: Path) -> None:
    """On a copy of the project with one more table; its migration then runs up and down."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "app", project / "app", ignore=shutil.ignore_patterns("static", "__pycache__"))
    shutil.copytree(ROOT / "migrations", project / "migrations")
    with (project / "app/models/__init__.py").open("a") as models:
        models.write("\nfrom sqlmodel import Field, SQLModel\nclass Entry(SQLModel, table=True):\n")
        models.write("    id: int | None = Field(default=None, primary_key=True)\n    name: str\n")
    fastopp = [sys.executable, "-c", "from app.cli import app; app()"]
    for command in (["migrate"], ["makemigrations", "add entry"], ["migrate"], ["migrate", "base"], ["migrate"]):
        done = subprocess.run([*fastopp, *command], cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    written = [path for path in (project / "migrations/versions").glob("*.py") if "add_entry" in path.name]
    assert len(written) == 1
    assert 'create_table("entry"' in written[0].read_text().replace("'", '"')
