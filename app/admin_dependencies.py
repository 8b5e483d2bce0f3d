"""What the admin panel's routes ask for by type."""

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import Depends, Path, Request, Response
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.datastructures import FormData
from wtforms import Form

from app.admin.addresses import key_at
from app.admin.browser import RecordBrowser
from app.admin.bulk import BulkRecordWork
from app.admin.cells import PREFIX
from app.admin.columns import Field, Kind
from app.admin.deletions import Deletions
from app.admin.editor import Effects, RecordEditor, version
from app.admin.effects import NoteEffects, ProductEffects, RegistrationEffects
from app.admin.forms import cleaned, problems_of
from app.admin.look import LONGEST, Look
from app.admin.records import Inline, Names, Panel, Records
from app.admin.snapshots import Snapshots
from app.admin.views import PANEL
from app.dependencies import AccountServiceDep, AuditServiceDep, SessionDep
from app.errors import Invalid, NotFound
from app.events import Events
from app.models.base import storable
from app.models.job import Job
from app.models.product import Product
from app.models.webinar import Note, Registration
from app.repositories.events import EventRepository
from app.repositories.hanging import HangingRepository
from app.repositories.jobs import JobRepository
from app.repositories.products import ProductRepository
from app.repositories.records import RecordRepository
from app.repositories.visibility import Rights
from app.services.audit_service import AuditService
from app.services.seats import Seats
from app.templating import Page
from app.visitors import PageDep, PersonDep, RightsDep, StrategyDep, get_confirmed
from app.webinar_dependencies import JobServiceDep, WebinarServiceDep

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
        Product: ProductEffects(records, ProductRepository(session), events),
        Registration: RegistrationEffects(records, seats, events),
        Note: NoteEffects(records, seats, events),
    }
    snapshots = Snapshots(PANEL, HangingRepository(session))
    return RecordEditor(RecordBrowser(PANEL, records), records, audit, effects, snapshots)


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
        return self.view.path_of(self.row)


async def get_chosen(rights: RightsDep, view: ViewDep, browser: BrowserDep, key: Key) -> Chosen:
    return Chosen(rights, view, await browser.get(rights, view, key_at(key)))


ChosenDep = Annotated[Chosen, Depends(get_chosen)]


async def get_deletions(session: SessionDep, editor: EditorDep) -> Deletions:
    return Deletions(BulkRecordWork(editor), JobRepository(session))


async def get_deleted(request: Request, rights: RightsDep, jobs: JobServiceDep) -> Job | None:
    """The deletion that has led here, while it can be undone."""
    given = request.query_params.get("deleted")
    return await jobs.undoable(rights, given) if given else None


def undo_of(deleted: Job | None) -> str:
    """What a page's address says of a deletion that has led there."""
    return f"?deleted={deleted.id}" if deleted and deleted.can_undo else ""


DeletionsDep = Annotated[Deletions, Depends(get_deletions)]
DeletedDep = Annotated[Job | None, Depends(get_deleted)]


async def get_picture_id(chosen: ChosenDep, field: Annotated[str, Path(max_length=60)]) -> UUID | None:
    """Which picture a column of a row shows."""
    found = chosen.view.fields.get(field)
    if found is None or not found.shows_picture:
        raise NotFound
    id: UUID | None = getattr(chosen.row, field)
    return id


PictureIdDep = Annotated[UUID | None, Depends(get_picture_id)]


@dataclass(frozen=True, slots=True)
class Within:
    """Another row, on whose page one of this table is added, changed or deleted."""

    browser: RecordBrowser
    parent: Chosen
    inline: Inline
    query: str

    @property
    def refers(self) -> dict[str, Any]:
        """What rows of this table say to belong to that one: its key, for another may be called the same."""
        return {self.inline.by.key: getattr(self.parent.row, self.parent.view.key_field.name)}

    async def answer(self, page: Page, deleted: Job | None = None) -> Response:
        """That page as it is now."""
        if not page.from_htmx:
            return page.redirect(f"{self.parent.path}{undo_of(deleted)}")
        context: dict[str, Any] = {
            "rights": self.parent.rights,
            "done": self.inline.name,
            "deleted": deleted if deleted and deleted.can_undo else None,
        }
        return page.render("admin/show.html", block="record", shown=await self.browser.show(*self.parent), **context)


async def get_within(rights: RightsDep, view: ViewDep, browser: BrowserDep, look: LookDep) -> Within | None:
    """None for an act on a page of this table itself; `NotFound` for rows that are no inlines there."""
    if not look.within:
        return None
    kind, _, rest = look.within.partition(".")
    column, _, key = rest.partition(".")
    parent = browser.panel.get(rights, kind)
    inline = next((each for each in parent.inlines if (each.table, each.by.key) == (view.table, column)), None)
    if inline is None:
        raise NotFound
    return Within(browser, Chosen(rights, parent, await browser.get(rights, parent, key)), inline, look.here)


WithinDep = Annotated[Within | None, Depends(get_within)]


async def get_trusted(
    request: Request, view: ViewDep, person: PersonDep, accounts: AccountServiceDep, strategy: StrategyDep
) -> None:
    """Ask for the password again where a table wants that."""
    if view.needs_password:
        await get_confirmed(request, person, accounts, strategy)


async def get_typed(request: Request) -> FormData:
    return cleaned(await request.form())


async def get_begun(request: Request, field: str) -> str:
    """What somebody has typed so far into the field that asks for suggestions.

    It is sent by its own name, or by that which it has for an act on many rows.
    """
    names = (field, f"{PREFIX}{field}")
    return storable(next(filter(None, map(request.query_params.get, names)), ""))[:LONGEST]


BegunDep = Annotated[str, Depends(get_begun)]
Trusted = Depends(get_trusted)
TypedDep = Annotated[FormData, Depends(get_typed)]


async def new_form(page: PageDep, rights: RightsDep, view: ViewDep, typed: TypedDep, within: WithinDep) -> Form:
    """The form of a new row, as it was sent, or with its defaults; within another row's page, of that row."""
    view.check(rights, "add")
    form = (await view.scaffold_form())(typed or None)
    if within:
        del form[within.inline.by.key]
        for number, each in enumerate(form):
            each.id = f"{view.identity}-{each.name}"
            each.render_kw = {**(each.render_kw or {}), **({"autofocus": True} if number == 0 else {})}
    block = "fields" if within else None
    page.form("admin/edit.html", error_block=block, view=view, form=form, row=None, rights=rights, within=within)
    return form


async def edit_form(page: PageDep, chosen: ChosenDep, browser: BrowserDep, typed: TypedDep) -> Form:
    """The form of a row, as it was sent, or as the row stands."""
    rights, view, row = chosen
    await browser.check(rights, view, row, "change")
    names = await browser.names(rights, [(view.typed, row)])
    data = {field.name: in_form(field, getattr(row, field.name), names) for field in view.typed}
    form = (await view.scaffold_form())(typed or None, data=data)
    opened = typed.get("version") or version(view, row)
    page.form("admin/edit.html", view=view, form=form, row=row, rights=rights, version=opened, within=None)
    return form


def in_form(field: Field, value: Any, names: Names) -> Any:
    """A value as the form's field takes it: of a reference its name."""
    return (names.get((field.target, value)) or value) if field.kind is Kind.REFERENCE else value


def valid(form: Form, typed: FormData) -> dict[str, Any]:
    """The values of the fields that were sent. Raises `Invalid` with a sentence for each that is wrong."""
    if not typed:
        raise Invalid
    if not form.validate():
        problems = problems_of(form)
        raise Invalid(" ".join(problems.values()), problems=problems)
    return dict(form.data)


async def get_new_values(
    form: Annotated[Form, Depends(new_form)], typed: TypedDep, within: WithinDep
) -> dict[str, Any]:
    return valid(form, typed) | (within.refers if within else {})


async def get_new_version(form: Annotated[Form, Depends(edit_form)], typed: TypedDep) -> dict[str, Any]:
    return valid(form, typed)


NewValuesDep = Annotated[dict[str, Any], Depends(get_new_values)]
ValuesDep = Annotated[dict[str, Any], Depends(get_new_version)]
