"""Settings: what is refused, and that it is said all at once."""

from typing import Any

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from app.cli import app
from app.config import DEVELOPMENT_KEY, Settings, SmtpServer

STRONG = "kJ3nd82jsKD92jdmcnLs0293jdmWpqXz"


@pytest.mark.parametrize("key", [DEVELOPMENT_KEY, "short", "a" * 64, "changeme" * 8])
def test_production_refuses_a_weak_key(key: str) -> None:
    with pytest.raises(ValidationError, match="32 random characters"):
        Settings(environment="production", secret_key=key)


@pytest.mark.parametrize("url", ["https://example.org", "http://localhost:8000", "http://127.0.0.1", "http://[::1]:80"])
def test_production_starts_with_a_strong_key_and_an_address(url: str) -> None:
    assert Settings(environment="production", secret_key=STRONG, public_url=url).site == url.removesuffix(":80")


def test_production_refuses_a_cheap_hash() -> None:
    production: dict[str, Any] = {
        "environment": "production",
        "secret_key": STRONG,
        "public_url": "https://example.org",
    }
    assert Settings(**production, password_memory=19_456).password_memory < Settings().password_memory
    with pytest.raises(ValidationError, match="at least 19456 in production"):
        Settings(**production, password_memory=19_455)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "must be given"),
        ({"public_url": "http://example.org"}, "must begin with https"),
        ({"public_url": "https://example.org/app"}, "a scheme and a host only"),
        ({"public_url": "https://user:secret@example.org"}, "a scheme and a host only"),
    ],
)
def test_production_refuses_an_address_that_links_cannot_begin_with(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(environment="production", secret_key=STRONG, **given)


def test_in_development_the_address_is_known() -> None:
    assert Settings(port=9000).site == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://h", "smtp://", "smtp://h:port", "smtp://user@h", "smtp://u:p#w@h", "smtp://h/x"]
)
def test_a_mail_server_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must look like smtp://") as refused:
        Settings(smtp_url=url)
    assert "p#w" not in str(refused.value)


def test_a_mail_server_is_read_from_its_address() -> None:
    server = Settings(smtp_url="smtp://ann%40example.org:p%23w%2F@mail.example.org").smtp_server
    assert server == SmtpServer("mail.example.org", 587, "ann@example.org", "p#w/", implicit_tls=False)
    assert "p#w" not in repr(server)
    tls = Settings(smtp_url="smtps://mail.example.org").smtp_server
    assert tls and (tls.port, tls.implicit_tls, tls.username) == (465, True, "")
    assert Settings().smtp_server is None


@pytest.mark.parametrize("sender", ["nobody", "FastOpp <>", "A <a@b>\nBcc: c@d", "@"])
def test_a_sender_without_an_address_is_refused(sender: str) -> None:
    with pytest.raises(ValidationError, match="must look like Name"):
        Settings(mail_from=sender)


def test_every_bad_setting_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {"ENVIRONMENT": "production", "PORT": "many", "QUESTION_RATE": "often", "DATABASE_URL": "mysql://x"}
    bad |= {"SMTP_URL": "mail.example.org", "MAIL_FROM": "nobody"}
    for name, value in bad.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    for name in ("SECRET_KEY", "PORT", "QUESTION_RATE", "DATABASE_URL", "PUBLIC_URL", "SMTP_URL", "MAIL_FROM"):
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
    assert STRONG not in repr(
        Settings(secret_key=STRONG, openai_api_key=STRONG, smtp_url=f"smtp://app:{STRONG}@localhost")
    )
