"""Settings: the sole reader of the environment."""

import hmac
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from functools import cached_property
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

import limits
from pydantic import AfterValidator, Field, HttpUrl, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
DEVELOPMENT_KEY = "development only, never in production"
MIN_KEY_LENGTH = 32
SMTP_PORTS = {"smtp": 587, "smtps": 465}
SMTP_URL_FORM = (
    "must look like smtp://user:password@host:587 or smtps://user:password@host:465, "
    "with special characters in the user and the password percent-encoded"
)
MIN_PASSWORD_MEMORY = 19_456  # KiB; what OWASP's Password Storage Cheat Sheet asks of argon2id at least
MIN_KEY_VARIETY = 10  # distinct characters; "aaaa..." and "changeme..." have fewer


def _async_url(url: str) -> str:
    """Give a database URL as hosts hand it out (`postgres://`) the async driver that we use."""
    for scheme, driver in (
        ("postgres://", "postgresql+asyncpg://"),
        ("postgresql://", "postgresql+asyncpg://"),
        ("sqlite://", "sqlite+aiosqlite://"),
    ):
        if url.startswith(scheme):
            return driver + url.removeprefix(scheme)
    if not url.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite://")):
        raise ValueError("must start with sqlite:// or postgresql://")
    return url


def _rate_that_parses(rate: str) -> str:
    try:
        limits.parse(rate)
    except ValueError as error:
        raise ValueError("must look like 20/minute") from error
    return rate


Rate = Annotated[str, AfterValidator(_rate_that_parses)]


def _sites(sites: str) -> tuple[str, ...]:
    """Origins, as a browser names them."""
    found = tuple(site.strip() for site in sites.split(",") if site.strip())
    for site in found:
        parts = urlsplit(site)
        if site != "*" and (parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != site):
            raise ValueError("must look like https://one.example, https://two.example, or be *")
    return found


def _sites_that_parse(sites: str) -> str:
    _sites(sites)
    return sites


def _redis_url(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    try:
        usable = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its port is no number; what it says may quote the password
        usable = False
    if not usable:
        raise ValueError("must look like redis://user:password@host:6379/0, or rediss:// for TLS")
    return url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that nobody is on the way there."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mails are handed in."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    implicit_tls: bool

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Read `smtp://user:password@host:port`, or `smtps://` for a server that speaks TLS from its first byte."""
        try:
            parts = urlsplit(url)
            port = parts.port or SMTP_PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise ValueError(SMTP_URL_FORM) from None
        username, password = unquote(parts.username or ""), unquote(parts.password or "")
        if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(SMTP_URL_FORM)
        if bool(username) != bool(password):
            raise ValueError(SMTP_URL_FORM)
        return cls(parts.hostname, port, username, password, parts.scheme == "smtps")


class Settings(BaseSettings):
    """What the app is told from outside; the environment wins over `.env`, and both over these defaults."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    environment: Annotated[
        Literal["development", "production"], Field(description="`production` demands strong secrets and https")
    ] = "development"
    secret_key: Annotated[
        SecretStr, Field(description="keys the digests of all secrets and seals those of second factors")
    ] = SecretStr(DEVELOPMENT_KEY)
    database_url: Annotated[
        str,
        AfterValidator(_async_url),
        Field(description="SQLite (`sqlite:///file`) or PostgreSQL (`postgresql://...`)"),
    ] = f"sqlite+aiosqlite:///{ROOT / 'data' / 'fastopp.db'}"
    redis_url: Annotated[
        SecretStr | None,
        AfterValidator(lambda url: url and _redis_url(url)),
        Field(
            description="where rate limits are shared by several processes; without it each process counts for itself"
        ),
    ] = None
    port: Annotated[int, Field(ge=0, le=65535, description="the port to serve on")] = 8000
    web_concurrency: Annotated[int, Field(ge=1, le=64, description="how many server processes")] = 1
    trusted_proxies: Annotated[
        str, Field(description="addresses whose `X-Forwarded-*` headers are believed, comma-separated, or `*`")
    ] = "127.0.0.1"
    public_url: Annotated[
        HttpUrl, Field(description="where people reach the site; links in mails begin with it, and production needs it")
    ] = None  # type: ignore[assignment]  # `_given_in_production` knows the default, which only development has

    smtp_url: Annotated[
        SecretStr | None,
        Field(description="the mail server, as smtp://user:password@host:587; without one mails wait in the database"),
    ] = None
    mail_from: Annotated[str, Field(description="who mails are from, as `Name <name@host>`")] = (
        "FastOpp <fastopp@localhost>"
    )

    openai_api_key: Annotated[SecretStr | None, Field(description="the key of the model's API")] = None
    openai_base_url: Annotated[
        HttpUrl | None, Field(description="any OpenAI-compatible server: OpenRouter, Ollama, vLLM, llama.cpp")
    ] = None
    openai_model: Annotated[str, Field(description="the model, or a comma-separated list that becomes the menu")] = (
        "gpt-5-mini"
    )
    openai_timeout: Annotated[float, Field(ge=2, description="seconds to wait for the model's next words")] = 60.0
    offline_tokens_per_second: Annotated[
        float, Field(ge=0, description="how fast the offline answerer writes; 0 is as fast as it can")
    ] = 60.0

    registration: Annotated[
        Literal["open", "invite", "closed"], Field(description="who may make an account: anybody, the invited, nobody")
    ] = "open"
    staff_second_factor: Annotated[
        bool | None,
        Field(description="whether staff must have a second factor; without a value, in production alone"),
    ] = None
    sign_in_rate: Annotated[
        Rate, Field(description="wrong passwords for one account from one address, as `10/15 minutes`")
    ] = "10/15 minutes"
    mail_rate: Annotated[Rate, Field(description="mails that anybody may have sent to one address")] = "5/hour"
    visitor_mail_rate: Annotated[
        Rate, Field(description="mails that one visitor may have sent, to whomever, as `30/hour`")
    ] = "30/hour"
    session_days: Annotated[int, Field(ge=1, description="how long a session cookie is good for, in days")] = 30
    password_min_length: Annotated[
        int, Field(ge=8, le=128, description="characters that a new password has at least")
    ] = 12
    password_memory: Annotated[
        int, Field(ge=32, description="KiB that the hash of a password takes; more is slower to guess, and to sign in")
    ] = 65_536
    guest_daily_questions: Annotated[
        int, Field(ge=0, description="questions a guest may ask between two midnights UTC")
    ] = 100
    question_rate: Annotated[Rate, Field(description="questions that one address may ask, as `20/minute`")] = (
        "20/minute"
    )
    api_rate: Annotated[Rate, Field(description="requests that one person's programs may send, as `600/minute`")] = (
        "600/minute"
    )
    cors_origins: Annotated[
        str,
        AfterValidator(_sites_that_parse),
        Field(description="sites whose pages may use the API by a token, comma-separated, or `*`; none by default"),
    ] = ""
    max_question_length: Annotated[int, Field(ge=1, description="characters of one question")] = 20_000
    max_answer_length: Annotated[int, Field(ge=1, description="characters of one answer")] = 200_000
    max_answer_seconds: Annotated[float, Field(gt=0, description="seconds that one answer may take")] = 900.0
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="the least that is logged")
    ] = "INFO"

    @field_validator("secret_key")
    @classmethod
    def _strong_in_production(cls, key: SecretStr, info: ValidationInfo) -> SecretStr:
        value = key.get_secret_value()
        weak = value == DEVELOPMENT_KEY or len(value) < MIN_KEY_LENGTH or len(set(value)) < MIN_KEY_VARIETY
        if weak and info.data.get("environment") == "production":
            raise ValueError(f"needs at least {MIN_KEY_LENGTH} random characters; `fastopp secrets` prints some")
        return key

    @field_validator("password_memory")
    @classmethod
    def _slow_in_production(cls, memory: int, info: ValidationInfo) -> int:
        if memory < MIN_PASSWORD_MEMORY and info.data.get("environment") == "production":
            raise ValueError(f"must be at least {MIN_PASSWORD_MEMORY} in production")
        return memory

    @field_validator("public_url", mode="before")
    @classmethod
    def _given_in_production(cls, url: object, info: ValidationInfo) -> object:
        if url is None and info.data.get("environment") == "production":
            raise ValueError("must be given in production, such as https://example.org")
        return f"http://127.0.0.1:{info.data.get('port', 8000)}" if url is None else url

    @field_validator("public_url")
    @classmethod
    def _reachable(cls, url: HttpUrl, info: ValidationInfo) -> HttpUrl:
        if (url.path or "/") != "/" or url.query or url.fragment or url.username or url.password:
            raise ValueError("must be a scheme and a host only, such as https://example.org")
        if info.data.get("environment") == "production" and url.scheme != "https" and not is_loopback(url.host or ""):
            raise ValueError("must begin with https:// in production")
        return url

    @field_validator("smtp_url")
    @classmethod
    def _names_a_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url:
            SmtpServer.from_url(url.get_secret_value())
        return url

    @field_validator("mail_from")
    @classmethod
    def _address(cls, sender: str) -> str:
        name, address = parseaddr(sender if sender.isprintable() else "")
        try:
            return str(Address(name, addr_spec=address))
        except (ValueError, IndexError, MessageError):
            raise ValueError("must look like Name <name@example.org>") from None

    @property
    def in_production(self) -> bool:
        return self.environment == "production"

    def digest(self, kind: str, secret: str) -> str:
        """A keyed digest in hex, under which a secret is stored: whoever reads the database cannot use it."""
        return hmac.digest(self.secret_key.get_secret_value().encode(), f"{kind}:{secret}".encode(), sha256).hex()

    @property
    def mail_address(self) -> str:
        """The address that mails are from."""
        return parseaddr(self.mail_from)[1]

    def url(self, path: str) -> str:
        """A whole URL of this site, for mails: never of the Host header, which anybody may set."""
        return self.site + path

    @property
    def staff_needs_second_factor(self) -> bool:
        return self.in_production if self.staff_second_factor is None else self.staff_second_factor

    @property
    def site(self) -> str:
        """`public_url` without a slash at its end: a path can follow."""
        return str(self.public_url).rstrip("/")

    @property
    def cors_sites(self) -> tuple[str, ...]:
        return _sites(self.cors_origins)

    @cached_property
    def smtp_server(self) -> SmtpServer | None:
        return SmtpServer.from_url(self.smtp_url.get_secret_value()) if self.smtp_url else None

    @cached_property
    def models(self) -> tuple[str, ...]:
        """The model menu; the first is the default."""
        return tuple(name.strip() for name in self.openai_model.split(",") if name.strip())

    @property
    def has_model(self) -> bool:
        """Whether a model is configured; without one the offline answerer speaks."""
        return self.openai_api_key is not None or self.openai_base_url is not None
