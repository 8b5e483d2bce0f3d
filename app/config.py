"""Settings: the sole reader of the environment."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import limits
from pydantic import AfterValidator, Field, HttpUrl, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
DEVELOPMENT_KEY = "development only, never in production"
MIN_KEY_LENGTH = 32
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


class Settings(BaseSettings):
    """What the app is told from outside; the environment wins over `.env`, and both over these defaults."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    environment: Annotated[
        Literal["development", "production"], Field(description="`production` demands strong secrets and https")
    ] = "development"
    secret_key: Annotated[
        SecretStr, Field(description="keys the digests of session tokens; `fastopp secrets` prints one")
    ] = SecretStr(DEVELOPMENT_KEY)
    database_url: Annotated[
        str,
        AfterValidator(_async_url),
        Field(description="SQLite (`sqlite:///file`) or PostgreSQL (`postgresql://...`)"),
    ] = f"sqlite+aiosqlite:///{ROOT / 'data' / 'fastopp.db'}"
    port: Annotated[int, Field(ge=0, le=65535, description="the port to serve on")] = 8000
    web_concurrency: Annotated[int, Field(ge=1, le=64, description="how many server processes")] = 1
    trusted_proxies: Annotated[
        str, Field(description="addresses whose `X-Forwarded-*` headers are believed, comma-separated, or `*`")
    ] = "127.0.0.1"

    openai_api_key: Annotated[SecretStr | None, Field(description="the key of the model's API")] = None
    openai_base_url: Annotated[
        HttpUrl | None, Field(description="any OpenAI-compatible server: OpenRouter, Ollama, vLLM, llama.cpp")
    ] = None
    openai_model: Annotated[str, Field(description="the model, or a comma-separated list that becomes the menu")] = (
        "gpt-5-mini"
    )
    openai_timeout: Annotated[float, Field(gt=0, description="seconds to wait for the model's next words")] = 60.0
    offline_tokens_per_second: Annotated[
        float, Field(ge=0, description="how fast the offline answerer writes; 0 is as fast as it can")
    ] = 60.0

    session_days: Annotated[int, Field(ge=1, description="how long a session cookie is good for, in days")] = 30
    guest_daily_questions: Annotated[
        int, Field(ge=0, description="questions a guest may ask between two midnights UTC")
    ] = 100
    question_rate: Annotated[str, Field(description="questions that one address may ask, as `20/minute`")] = "20/minute"
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

    @field_validator("question_rate")
    @classmethod
    def _rate_that_parses(cls, rate: str) -> str:
        try:
            limits.parse(rate)
        except ValueError as error:
            raise ValueError("must look like 20/minute") from error
        return rate

    @property
    def in_production(self) -> bool:
        return self.environment == "production"

    @cached_property
    def models(self) -> tuple[str, ...]:
        """The model menu; the first is the default."""
        return tuple(name.strip() for name in self.openai_model.split(",") if name.strip())

    @property
    def has_model(self) -> bool:
        """Whether a model is configured; without one the offline answerer speaks."""
        return self.openai_api_key is not None or self.openai_base_url is not None
