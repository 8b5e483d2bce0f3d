"""What `fastopp check --deploy` says: every setting that is too weak to face the world."""

from collections.abc import Iterator, Sequence

from app.config import Settings, is_loopback
from app.models.user import User
from app.repositories.users import UserRepository
from app.services.demo_service import PEOPLE


class DeploymentService:
    def __init__(self, users: UserRepository, settings: Settings) -> None:
        self.users = users
        self.settings = settings

    async def weaknesses(self) -> list[str]:
        """A sentence for each, the name of its setting first; empty when there are none."""
        return [*weak_settings(self.settings), *weak_people(await self.users.members())]


def weak_people(everybody: Sequence[User]) -> Iterator[str]:
    superusers = [user for user in everybody if user.is_superuser and user.is_active]
    if not superusers:
        yield "People: there is no superuser. Make one: fastopp createsuperuser"
    for user in everybody:
        if user.is_trusted and user.is_active and not user.has_second_factor:
            yield f"People: {user.email} looks after the site without a second factor."
    for user in everybody:
        if user.email in {person.email for person in PEOPLE}:
            yield f"People: {user.email} is of the demo, and everybody knows the password. Delete the account."


def weak_settings(settings: Settings) -> Iterator[str]:
    if not settings.in_production:
        yield "ENVIRONMENT: is not production, so secrets are not checked, cookies travel without TLS and /dev is open."
    if settings.public_url.scheme != "https":
        yield "PUBLIC_URL: is not https, so passwords and sessions can be read on the way."
    if settings.smtp_url is None:
        yield "SMTP_URL: is not set, so nobody gets a mail: no registration, no new password, no sign-in code."
    if settings.staff_second_factor is False:
        yield "STAFF_SECOND_FACTOR: is off, so a stolen password of one of the staff opens everything they may do."
    if settings.web_concurrency > 1 and settings.redis_url is None:
        yield "REDIS_URL: is not set, so each of the processes counts wrong passwords for itself."
    if settings.web_concurrency > 1 and settings.database_url.startswith("sqlite"):
        yield "DATABASE_URL: is SQLite with several processes, which write one at a time. Prefer PostgreSQL."
    if settings.trusted_proxies == "*":
        yield "TRUSTED_PROXIES: is *, so anybody can pretend to come from any address, past the rate limits."
    if settings.log_level == "DEBUG":
        yield "LOG_LEVEL: is DEBUG, which says more than a log should keep."
    model = settings.openai_base_url
    if model and model.scheme == "http" and not is_loopback(model.host or ""):
        yield "OPENAI_BASE_URL: is not https, so questions and the key can be read on the way."
