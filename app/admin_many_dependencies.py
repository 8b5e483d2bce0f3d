"""What the admin panel's routes for many rows, and for single cells, ask for by type."""

from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import Depends, Form, Path, Request
from starlette.datastructures import QueryParams
from wtforms import Form as TypedForm

from app.admin.bulk import Asked, BulkRecords
from app.admin.cells import PREFIX, check
from app.admin.columns import Field
from app.admin.editor import version
from app.admin.export import RecordExport, RecordFile
from app.admin.imports import MOST_ROWS, ImportPreview, RecordImport
from app.admin.look import Look
from app.admin.records import Names, Records
from app.admin.saved import SavedViews
from app.admin_dependencies import (
    BrowserDep,
    Chosen,
    ChosenDep,
    EditorDep,
    LookDep,
    PanelDep,
    TypedDep,
    ViewDep,
    Within,
    WithinDep,
    in_form,
)
from app.dependencies import AuditServiceDep, SessionDep
from app.errors import Invalid, NotFound
from app.models.record_forms import BulkRecordsForm
from app.repositories.jobs import JobRepository
from app.repositories.saved_views import SavedViewRepository
from app.visitors import PageDep, RightsDep
from app.webinar_dependencies import JobServiceDep


async def get_saved_views(session: SessionDep) -> SavedViews:
    return SavedViews(SavedViewRepository(session))


async def get_export(browser: BrowserDep, audit: AuditServiceDep) -> RecordExport:
    return RecordExport(browser, audit)


async def get_file(request: Request, panel: PanelDep) -> RecordFile:
    return RecordFile(request.app.state.database, panel)


async def get_bulk(session: SessionDep, browser: BrowserDep, editor: EditorDep, jobs: JobServiceDep) -> BulkRecords:
    return BulkRecords(browser, editor, JobRepository(session), jobs)


async def get_import(session: SessionDep, browser: BrowserDep, editor: EditorDep, jobs: JobServiceDep) -> RecordImport:
    return RecordImport(browser, editor, JobRepository(session), jobs)


SavedViewsDep = Annotated[SavedViews, Depends(get_saved_views)]


async def get_beside(
    page: PageDep, rights: RightsDep, view: ViewDep, browser: BrowserDep, look: LookDep, saved: SavedViewsDep
) -> dict[str, Any]:
    """What the page of a list has beside its rows, which htmx asks for alone."""
    if page.wants_fragment:
        return {}
    return {"tallies": await browser.tallies(rights, view, look), "saved": await saved.list(rights, view)}


BesideDep = Annotated[dict[str, Any], Depends(get_beside)]
RecordExportDep = Annotated[RecordExport, Depends(get_export)]
RecordFileDep = Annotated[RecordFile, Depends(get_file)]
BulkRecordsDep = Annotated[BulkRecords, Depends(get_bulk)]
RecordImportDep = Annotated[RecordImport, Depends(get_import)]

# Acts on many


class Asking(NamedTuple):
    """An act on many, and the form with the field that says what it sets, if it sets one."""

    asked: Asked
    form: TypedForm | None


async def get_asking(
    page: PageDep,
    rights: RightsDep,
    view: ViewDep,
    bulk: BulkRecordsDep,
    saved: SavedViewsDep,
    typed: TypedDep,
    form: Annotated[BulkRecordsForm, Form()],
) -> Asking:
    look = Look.of(view, QueryParams(form.query.removeprefix("?")))
    try:
        asked = await bulk.ask(rights, view, look, form)
    except Invalid:  # the list, to choose again
        listing = await bulk.browser.browse(rights, view, look)
        beside = await get_beside(page, rights, view, bulk.browser, look, saved)
        page.form("admin/list.html", listing=listing, rights=rights, **beside)
        raise
    inputs = None
    if asked.field:
        sent = "sent" in typed  # a box that is not ticked is not
        inputs = (await view.scaffold_form())(typed if sent else None, prefix=PREFIX)
    page.form("admin/bulk.html", asked=asked, form=inputs)
    return Asking(asked, inputs)


AskingDep = Annotated[Asking, Depends(get_asking)]


async def get_value(asking: AskingDep) -> Any:
    """What the column shall hold; None for an act that sets none."""
    form, field = asking.form, asking.asked.field
    return value_of(form, field) if form and field else None


def value_of(form: TypedForm, field: Field) -> Any:
    try:
        return check(form, field)
    except ValueError as error:
        raise Invalid(str(error), field=field.name) from error


BulkValueDep = Annotated[Any, Depends(get_value)]

# Imports


async def import_form(page: PageDep, rights: RightsDep, view: ViewDep, imports: RecordImportDep) -> Records:
    imports.check(rights, view)
    page.form("admin/import.html", view=view, rights=rights, most=MOST_ROWS)
    return view


async def get_preview(
    page: PageDep, rights: RightsDep, view: ViewDep, imports: RecordImportDep, job_id: UUID
) -> ImportPreview:
    preview = await imports.preview(rights, view, job_id)
    page.form("admin/import_preview.html", view=view, preview=preview)
    return preview


ImportingDep = Annotated[Records, Depends(import_form)]
PreviewDep = Annotated[ImportPreview, Depends(get_preview)]

# Cells


class Cell(NamedTuple):
    """One cell of a list that can be changed in it; `within`: of a list on another row's page."""

    chosen: Chosen
    field: Field
    look: Look
    names: Names
    within: Within | None

    @property
    def path(self) -> str:
        """Of the page that it stands on."""
        return self.within.parent.path if self.within else f"/admin/{self.chosen.view.identity}{self.look.here}"

    @property
    def context(self) -> dict[str, Any]:
        rights, view, row = self.chosen
        return {"rights": rights, "view": view, "row": row, "field": self.field, "look": self.look, "names": self.names}


async def get_cell(
    chosen: ChosenDep,
    browser: BrowserDep,
    look: LookDep,
    within: WithinDep,
    field: Annotated[str, Path(max_length=60)],
) -> Cell:
    rights, view, row = chosen
    if field not in view.quick:
        raise NotFound
    await browser.check(rights, view, row, "change")
    found = view.fields[field]
    return Cell(chosen, found, look, await browser.names(rights, [([found], row)]), within)


CellDep = Annotated[Cell, Depends(get_cell)]


async def cell_form(page: PageDep, cell: CellDep, typed: TypedDep) -> TypedForm:
    """The form of a cell, as it was sent, or as the row stands."""
    view, row, name = cell.chosen.view, cell.chosen.row, cell.field.name
    value = in_form(cell.field, getattr(row, name), cell.names)
    form = (await view.scaffold_form())(typed or None, data={name: value})
    form[name].id = f"{name}-{view.key_of(row)}"  # several may be open
    form[name].render_kw = {**(form[name].render_kw or {}), "autofocus": True}
    opened = typed.get("version") or version(view, row)
    page.form("admin/quick.html", error_block="cell", input=form[name], version=opened, path=cell.path, **cell.context)
    return form


CellFormDep = Annotated[TypedForm, Depends(cell_form)]


async def get_cell_value(cell: CellDep, form: CellFormDep, typed: TypedDep) -> dict[str, Any]:
    if not typed:
        raise Invalid
    return {cell.field.name: value_of(form, cell.field)}


CellValueDep = Annotated[dict[str, Any], Depends(get_cell_value)]
