"""The admin panel's lists: as files, changed many rows or one cell at a time, filled from files, and kept as views."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, Response, UploadFile

from app.admin.export import Format
from app.admin_dependencies import BrowserDep, EditorDep, LookDep, Trusted, TypedDep, ViewDep
from app.admin_many_dependencies import (
    AskingDep,
    BulkRecordsDep,
    BulkValueDep,
    CellDep,
    CellValueDep,
    ImportingDep,
    PreviewDep,
    RecordExportDep,
    RecordFileDep,
    RecordImportDep,
    SavedViewsDep,
    cell_form,
)
from app.models.base import Typed
from app.models.saved_view import SavedViewForm
from app.visitors import PageDep, RightsDep

router = APIRouter(prefix="/admin/{kind}")
SavedId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/export.{format}", name="export_records", dependencies=[Trusted])
async def export(
    page: PageDep,
    rights: RightsDep,
    view: ViewDep,
    look: LookDep,
    exports: RecordExportDep,
    file: RecordFileDep,
    kind_of_file: Annotated[Format, Path(alias="format")],
) -> Response:
    made = await exports.start(rights, view, look, kind_of_file)
    return page.stream_download(file.parts(made), made.format.media_type, made.name)


@router.post("/bulk", name="ask_bulk_records")
async def ask_bulk(page: PageDep, _asking: AskingDep) -> Response:
    """What would be done, before it is."""
    return page.show_form()


@router.post("/bulk/job", name="bulk_records", dependencies=[Trusted])
async def bulk(
    page: PageDep, rights: RightsDep, asking: AskingDep, bulk: BulkRecordsDep, value: BulkValueDep
) -> Response:
    job = await bulk.start(rights, asking.asked, value)
    return page.redirect(f"/desk/jobs/{job.id}")


@router.get("/import", name="import_records")
async def show_import(page: PageDep, _view: ImportingDep) -> Response:
    return page.show_form()


@router.post("/import", name="read_records")
async def read(
    page: PageDep,
    rights: RightsDep,
    view: ImportingDep,
    imports: RecordImportDep,
    file: Annotated[UploadFile | None, File()] = None,
    pasted: Annotated[Typed, Form()] = "",
) -> Response:
    name, data = (file.filename or "", await file.read()) if file else ("", b"")
    job = await imports.read(rights, view, name, data, pasted)
    return page.redirect(f"/admin/{view.identity}/import/{job.id}")


@router.get("/import/{job_id}", name="record_import_preview")
async def show_preview(page: PageDep, _preview: PreviewDep) -> Response:
    return page.show_form()


@router.post("/import/{job_id}", name="run_record_import", dependencies=[Trusted])
async def run(page: PageDep, rights: RightsDep, preview: PreviewDep, imports: RecordImportDep) -> Response:
    await imports.start(rights, preview)
    return page.redirect(f"/desk/jobs/{preview.job.id}")


@router.post("/views", name="save_view")
async def save_view(
    page: PageDep,
    rights: RightsDep,
    view: ViewDep,
    look: LookDep,
    saved: SavedViewsDep,
    form: Annotated[SavedViewForm, Form()],
) -> Response:
    await saved.save(rights, view, look, form)
    return page.redirect(f"/admin/{view.identity}{look.query()}")


@router.post("/views/{saved_id}/deletion", name="delete_view")
async def delete_view(
    page: PageDep, rights: RightsDep, view: ViewDep, saved: SavedViewsDep, saved_id: SavedId
) -> Response:
    await saved.delete(rights, view, saved_id)
    return page.redirect(f"/admin/{view.identity}")


@router.get("/{key}/cells/{field}", name="record_cell")
async def show_cell(page: PageDep, cell: CellDep) -> Response:
    return page.render("admin/cell.html", location=cell.path, **cell.context)


@router.get("/{key}/cells/{field}/edit", name="edit_cell", dependencies=[Depends(cell_form)])
async def edit_cell(page: PageDep) -> Response:
    return page.show_form(block="cell")


@router.post("/{key}/cells/{field}", name="change_cell", dependencies=[Trusted])
async def change_cell(
    page: PageDep, cell: CellDep, browser: BrowserDep, editor: EditorDep, value: CellValueDep, typed: TypedDep
) -> Response:
    rights, view, row = cell.chosen
    await editor.change(rights, view, row, value, str(typed.get("version", "")))
    names = await browser.names(rights, [([cell.field], row)])
    return page.render("admin/cell.html", location=cell.path, **{**cell.context, "names": names})
