"""`fastopp ...`: everything that is done from a terminal."""

import asyncio
import code
import secrets as random
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version as installed_version
from typing import Annotated, NoReturn, TypeVar

import typer
import uvicorn
from alembic.util import CommandError
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from app import migrations, models
from app.config import ROOT, Settings
from app.db import Database
from app.errors import AppError
from app.models.user import Place
from app.repositories.audit import AuditRepository
from app.repositories.documents import DocumentRepository
from app.repositories.groups import GroupRepository
from app.repositories.products import ProductRepository
from app.repositories.schema import SchemaRepository
from app.repositories.tickets import TicketRepository
from app.repositories.users import UserRepository
from app.repositories.webinars import WebinarRepository
from app.services.audit_service import AuditService
from app.services.demo_service import DemoService
from app.services.deployment_service import DeploymentService
from app.services.health_service import HealthService
from app.services.password_service import Passwords
from app.services.search_service import SearchService
from app.services.terminal_service import TerminalService
from app.services.ticket_service import TicketService

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="FastOpp, from the terminal."
)
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int | None, typer.Option(help="The port to listen on; by default PORT.")]
Result = TypeVar("Result")
GRACE_SECONDS = 3  # for requests under way at a shutdown; streams end by themselves


def load_settings() -> Settings:
    """Read the settings, or say everything that is wrong with them and exit."""
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper()
            typer.secho(f"{name}: {problem['msg'].removeprefix('Value error, ')}", fg="red", err=True)
        raise typer.Exit(1) from None


def fail(message: str) -> NoReturn:
    typer.secho(message, fg="red", err=True)
    raise typer.Exit(1) from None


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = None) -> None:
    """Serve the app, with WEB_CONCURRENCY processes."""
    settings = load_settings()
    _run(host, settings.port if port is None else port, settings, workers=settings.web_concurrency)


@app.command()
def dev(host: Host = "127.0.0.1", port: Port = None) -> None:
    """Serve the app and restart it when a file changes; open pages load themselves again."""
    settings = load_settings()
    watched = {
        "reload": True,
        "reload_dirs": [str(ROOT / "app")],
        "reload_includes": ["*.py", "*.html", "*.css", "*.svg"],
    }
    _run(host, settings.port if port is None else port, settings, **watched)


def _run(host: str, port: int, settings: Settings, **options) -> None:  # type: ignore[no-untyped-def]
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **options,
    )


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="Where to; an earlier revision or `base` goes back.")] = "head",
) -> None:
    """Bring the database to the newest schema, or to another revision."""
    try:
        migrations.upgrade(load_settings().database_url, revision)
    except CommandError as error:
        fail(f"{error}.")


@app.command()
def makemigrations(message: Annotated[str, typer.Argument(help="What changes, in a few words.")]) -> None:
    """Write a migration from the difference between the models and the database."""
    try:
        migrations.make(load_settings().database_url, message)
    except CommandError as error:
        fail(f"{error} Type `fastopp migrate` first.")


@app.command()
def seed() -> None:
    """Fill the knowledge base with this project's own `docs/`, and in development make the people of the demo."""
    texts = {page.stem: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md"))}
    settings = load_settings()
    changed, made = with_session(settings, lambda session: _seed(settings, session, texts))
    typer.echo(f"{len(texts)} documents, {changed} changed." + (f" {made} people for the demo." if made else ""))


async def _seed(settings: Settings, session: AsyncSession, texts: dict[str, str]) -> tuple[int, int]:
    changed = await SearchService(DocumentRepository(session)).replace_all(texts)
    webinars, products = WebinarRepository(session), ProductRepository(session)
    demo = DemoService(UserRepository(session), GroupRepository(session), webinars, products, settings)
    await demo.seed_webinars()
    await demo.seed_products()
    return changed, await demo.seed(Passwords(settings))


@app.command()
def check(
    *,
    deploy: Annotated[bool, typer.Option("--deploy", help="Also list what is too weak to face the world.")] = False,
) -> None:
    """Check the settings, the database and its schema; exit with 1 when something is wrong."""
    settings = load_settings()
    with_session(settings, lambda session: HealthService(SchemaRepository(session)).check())
    if deploy:
        found = with_session(
            settings, lambda session: DeploymentService(UserRepository(session), settings).weaknesses()
        )
        if found:
            fail("\n".join(found))
    model = ", ".join(settings.models) if settings.has_model else "offline answerer"
    typer.echo(f"All well. {settings.environment}, {model}.")


@app.command()
def createsuperuser(
    *,
    email: Annotated[str, typer.Option(prompt="E-mail address", help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="What to call them.")] = "",
    password_stdin: Annotated[bool, typer.Option(help="Read the password from the standard input.")] = False,
) -> None:
    """Make an account that may do everything; asks for its password."""
    settings = load_settings()
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with_session(settings, lambda session: _terminal(session, settings).create_superuser(email, name, password))
    typer.echo(f"{email} may do everything now.")


@app.command()
def users() -> None:
    """List everybody with an account."""
    settings = load_settings()
    for person in with_session(settings, lambda session: _terminal(session, settings).list()):
        typer.echo(person)


@app.command()
def rescue(email: Annotated[str, typer.Argument(help="Whose account it is.")]) -> None:
    """Print a link that signs this person in once, without password and second factor. It is good for 15 minutes."""
    settings = load_settings()
    typer.echo(with_session(settings, lambda session: _terminal(session, settings).rescue(email)))


def _terminal(session: AsyncSession, settings: Settings) -> TerminalService:
    groups, audit = GroupRepository(session), AuditService(AuditRepository(session), Place(device="fastopp"))
    tickets = TicketService(TicketRepository(session), settings)
    return TerminalService(UserRepository(session), groups, tickets, Passwords(settings), audit, settings)


def with_session(settings: Settings, act: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
    """Do it in one transaction; what goes wrong is printed, and exits."""

    async def run() -> Result:
        database = Database(settings.database_url)
        try:
            async with database.transaction() as session:
                return await act(session)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except AppError as error:
        fail(error.message)


@app.command()
def shell() -> None:
    """Open a Python prompt with the settings, the models and an open database session."""
    settings = load_settings()
    banner = "`settings`, `models`, an open database `session`, and `run(...)` for coroutines."
    with asyncio.Runner() as runner:
        database = Database(settings.database_url)
        session = AsyncSession(database.engine, expire_on_commit=False)
        names = {"settings": settings, "models": models, "session": session, "run": runner.run}
        code.interact(banner, local=names, exitmsg="")
        runner.run(session.close())
        runner.run(database.close())


@app.command()
def secrets() -> None:
    """Print a strong SECRET_KEY."""
    typer.echo(f"SECRET_KEY={random.token_urlsafe(48)}")


@app.command()
def version() -> None:
    """Print the versions of FastOpp and Python."""
    typer.echo(f"FastOpp {installed_version('fastopp')}, Python {sys.version.split()[0]}")
