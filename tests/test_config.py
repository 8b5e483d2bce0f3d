"""Settings: what is refused, and that it is said all at once."""

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from app.cli import app
from app.config import DEVELOPMENT_KEY, Settings

STRONG = "kJ3nd82jsKD92jdmcnLs0293jdmWpqXz"


@pytest.mark.parametrize("key", [DEVELOPMENT_KEY, "short", "a" * 64, "changeme" * 8])
def test_production_refuses_a_weak_key(key: str) -> None:
    with pytest.raises(ValidationError, match="32 random characters"):
        Settings(environment="production", secret_key=key)


def test_production_starts_with_a_strong_key() -> None:
    assert Settings(environment="production", secret_key=STRONG).in_production


def test_every_bad_setting_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {"ENVIRONMENT": "production", "PORT": "many", "QUESTION_RATE": "often", "DATABASE_URL": "mysql://x"}
    for name, value in bad.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    for name in ("SECRET_KEY", "PORT", "QUESTION_RATE", "DATABASE_URL"):
        assert name in result.output


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://h/d", "postgresql+asyncpg://h/d"),
        ("sqlite:///x.db", "sqlite+aiosqlite:///x.db"),
    ],
)
def test_urls_as_hosts_hand_them_out(given: str, used: str) -> None:
    assert Settings(database_url=given).database_url == used


def test_the_model_menu() -> None:
    assert Settings(openai_model="a, b,,c ").models == ("a", "b", "c")
    assert not Settings().has_model
    assert Settings(openai_base_url="http://127.0.0.1:11434/v1").has_model


def test_secrets_are_not_shown() -> None:
    assert STRONG not in repr(Settings(secret_key=STRONG, openai_api_key=STRONG))
