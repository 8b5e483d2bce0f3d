"""What the admin panel's routes ask for by type."""

from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Path, Request
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.datastructures import FormData
from wtforms import Form

from app.admin.browser import RecordBrowser
from app.admin.editor import Effects, RecordEditor, version
from app.admin.effects import ProductEffects, RegistrationEffects
from app.admin.forms import cleaned, problems_of
from app.admin.look import LONGEST, Look
from app.admin.records import Panel, Records
from app.admin.views import PANEL
from app.dependencies import AccountServiceDep, AuditServiceDep, SessionDep
from app.errors import Invalid
from app.events import Events
from app.models.base import storable
from app.models.product import Product
from app.models.webinar import Registration
from app.repositories.events import EventRepository
from app.repositories.records import RecordRepository
from app.repositories.visibility import Rights
from app.services.audit_service import AuditService
from app.services.seats import Seats
from app.visitors import PageDep, PersonDep, RightsDep, StrategyDep, get_confirmed
from app.webinar_dependencies import WebinarServiceDep

Identity = Annotated[str, Path(max_length=60)]
Key = Annotated[str, Path(max_length=700, pattern="^[^\\x00]+$")]  # PostgreSQL refuses to look for a NUL


async def get_panel() -> Panel:
    return PANEL


PanelDep = Annotated[Panel, Depends(get_panel)]


async def get_view(rights: RightsDep, panel: PanelDep, kind: Identity) -> Records:
    return panel.get(rights, kind)


ViewDep = Annotated[Records, Depends(get_view)]


async def get_look(request: Request, view: ViewDep) -> Look:
    return Look.of(view, request.query_params)


async def get_browser(session: SessionDep, panel: PanelDep) -> RecordBrowser:
    return RecordBrowser(panel, RecordRepository(session))


LookDep = Annotated[Look, Depends(get_look)]
BrowserDep = Annotated[RecordBrowser, Depends(get_browser)]


def record_editor(session: AsyncSession, wake: Any, audit: AuditService, seats: Seats) -> RecordEditor:
    """What changes rows, in this session."""
    records, events = RecordRepository(session), Events(EventRepository(session), (), wake)
    effects: dict[type[SQLModel], Effects] = {
        Product: ProductEffects(records, events),
        Registration: RegistrationEffects(seats, events),
    }
    return RecordEditor(RecordBrowser(PANEL, records), records, audit, effects)


async def get_editor(
    request: Request, session: SessionDep, audit: AuditServiceDep, seats: WebinarServiceDep
) -> RecordEditor:
    return record_editor(session, request.app.state.event_feed.wake, audit, seats)


EditorDep = Annotated[RecordEditor, Depends(get_editor)]


class Chosen(NamedTuple):
    """Who asks, and for which row of which table."""

    rights: Rights
    view: Records
    row: Any

    @property
    def path(self) -> str:
        return f"/admin/{self.view.identity}/{self.view.key_of(self.row)}"


async def get_chosen(rights: RightsDep, view: ViewDep, browser: BrowserDep, key: Key) -> Chosen:
    return Chosen(rights, view, await browser.get(rights, view, key))


ChosenDep = Annotated[Chosen, Depends(get_chosen)]


async def get_trusted(
    request: Request, view: ViewDep, person: PersonDep, accounts: AccountServiceDep, strategy: StrategyDep
) -> None:
    """Ask for the password again where a table wants that."""
    if view.needs_password:
        await get_confirmed(request, person, accounts, strategy)


async def get_typed(request: Request) -> FormData:
    return cleaned(await request.form())


async def get_begun(request: Request, field: str) -> str:
    """What somebody has typed so far into the field that asks for suggestions: it is sent by its own name."""
    return storable(request.query_params.get(field, ""))[:LONGEST]


BegunDep = Annotated[str, Depends(get_begun)]
Trusted = Depends(get_trusted)
TypedDep = Annotated[FormData, Depends(get_typed)]


async def new_form(page: PageDep, rights: RightsDep, view: ViewDep, typed: TypedDep) -> Form:
    """The form of a new row, as it was sent, or with its defaults."""
    view.check(rights, "add")
    form = (await view.scaffold_form())(typed or None)
    page.form("admin/edit.html", view=view, form=form, row=None, rights=rights)
    return form


async def edit_form(page: PageDep, chosen: ChosenDep, browser: BrowserDep, typed: TypedDep) -> Form:
    """The form of a row, as it was sent, or as the row stands."""
    rights, view, row = chosen
    await browser.check(rights, view, row, "change")
    names = await browser.names(rights, [(view.typed, row)])
    values = {field.name: getattr(row, field.name) for field in view.typed}
    called = {field.name: names.get((field.target, values[field.name])) for field in view.typed}
    data = {name: called[name] or values[name] for name in values}
    form = (await view.scaffold_form())(typed or None, data=data)
    opened = typed.get("version") or version(view, row)
    page.form("admin/edit.html", view=view, form=form, row=row, rights=rights, version=opened)
    return form


def valid(form: Form, typed: FormData) -> dict[str, Any]:
    """The values of the fields that were sent. Raises `Invalid` with a sentence for each that is wrong."""
    if not typed:
        raise Invalid
    if not form.validate():
        problems = problems_of(form)
        raise Invalid(" ".join(problems.values()), problems=problems)
    return dict(form.data)


async def get_new_values(form: Annotated[Form, Depends(new_form)], typed: TypedDep) -> dict[str, Any]:
    return valid(form, typed)


async def get_new_version(form: Annotated[Form, Depends(edit_form)], typed: TypedDep) -> dict[str, Any]:
    return valid(form, typed)


NewValuesDep = Annotated[dict[str, Any], Depends(get_new_values)]
ValuesDep = Annotated[dict[str, Any], Depends(get_new_version)]
