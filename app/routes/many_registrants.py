"""The staff's desk for many registrants at once: importing them, and acts on those chosen. Jobs do the work."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile

from app.models.base import Typed
from app.models.registrant_forms import BulkForm, ImportForm
from app.models.webinar import Webinar
from app.routes.desk import DeskDep, ViewDep, WebinarDep
from app.services.csv_import import Preview
from app.visitors import PageDep, RightsDep
from app.webinar_dependencies import BulkActsDep, RegistrantImportDep

router = APIRouter(prefix="/desk/webinars")


async def import_form(page: PageDep, rights: RightsDep, webinar: WebinarDep) -> Webinar:
    rights.check("registration.add")
    page.form("webinars/import.html", webinar=webinar)
    return webinar


async def get_preview(
    page: PageDep, rights: RightsDep, webinar: WebinarDep, imports: RegistrantImportDep, job_id: UUID
) -> Preview:
    preview = await imports.preview(rights, webinar, job_id)
    page.form("webinars/import_preview.html", webinar=webinar, preview=preview)
    return preview


ImportingDep = Annotated[Webinar, Depends(import_form)]
PreviewDep = Annotated[Preview, Depends(get_preview)]


@router.get("/{slug}/import", name="import_registrations")
async def show_import(page: PageDep, _webinar: ImportingDep) -> Response:
    return page.show_form()


@router.post("/{slug}/import", name="read_registrations")
async def read(
    page: PageDep,
    rights: RightsDep,
    webinar: ImportingDep,
    imports: RegistrantImportDep,
    file: Annotated[UploadFile | None, File()] = None,
    pasted: Annotated[Typed, Form()] = "",
) -> Response:
    name, data = (file.filename or "", await file.read()) if file else ("", b"")
    job = await imports.read(rights, webinar, name, data, pasted)
    return page.redirect(f"/desk/webinars/{webinar.slug}/import/{job.id}")


@router.get("/{slug}/import/{job_id}", name="import_preview")
async def show_preview(page: PageDep, _preview: PreviewDep) -> Response:
    return page.show_form()


@router.post("/{slug}/import/{job_id}", name="run_import")
async def run(
    page: PageDep,
    rights: RightsDep,
    preview: PreviewDep,
    imports: RegistrantImportDep,
    form: Annotated[ImportForm, Form()],
) -> Response:
    await imports.start(rights, preview, form)
    return page.redirect(f"/desk/jobs/{preview.job.id}")


@router.post("/{slug}/registrations/bulk", name="bulk_act")
async def bulk(
    page: PageDep,
    rights: RightsDep,
    webinar: DeskDep,
    acts: BulkActsDep,
    view: ViewDep,
    form: Annotated[BulkForm, Form()],
) -> Response:
    job = await acts.start(rights, webinar, view, form)
    return page.redirect(f"/desk/jobs/{job.id}")
