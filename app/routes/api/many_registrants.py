"""Many registrants at once: importing them, and acts on those chosen. Jobs do the work."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from app.api.bodies import JSON
from app.api.callers import ReaderDep, RightsDep, WriterDep
from app.api.files import TABLE, TableBody
from app.api.job_answers import ImportAnswer, JobSummary
from app.api.replies import one
from app.api.routing import ONCE, ApiRouter
from app.models.listing import ChosenQuery
from app.models.registrant_forms import BulkForm, ImportForm
from app.routes.api.webinars import WebinarDep
from app.services.csv_import import Preview
from app.services.registrants import View
from app.webinar_dependencies import BulkActsDep, RegistrantImportDep

router = ApiRouter("/webinars/{slug}", tags=["jobs"])


async def get_preview(rights: RightsDep, webinar: WebinarDep, imports: RegistrantImportDep, job_id: UUID) -> Preview:
    return await imports.preview(rights, webinar, job_id)


async def get_view(query: Annotated[ChosenQuery, Query()]) -> View:
    return View.chosen(query)


PreviewDep = Annotated[Preview, Depends(get_preview)]
ViewDep = Annotated[View, Depends(get_view)]


@router.post(
    "/imports",
    name="imports_create",
    summary="Read a file of registrants",
    status_code=201,
    response_model=ImportAnswer,
    openapi_extra=TABLE.described,
    dependencies=ONCE,
)
async def read(
    _writer: WriterDep, rights: RightsDep, webinar: WebinarDep, imports: RegistrantImportDep, table: TableBody
) -> Response:
    """Read a CSV file of registrants and say what importing it would do. Nothing is written yet: start it then."""
    job = await imports.read(rights, webinar, "", table, "")
    answer = ImportAnswer.of(await imports.preview(rights, webinar, job.id))
    return one(answer, status=201, location=f"/webinars/{webinar.slug}/imports/{job.id}")


@router.get(
    "/imports/{job_id}", name="imports_get", response_model=ImportAnswer, responses={409: {}}, summary="Read a preview"
)
async def show(_reader: ReaderDep, preview: PreviewDep) -> Response:
    """What an import would do, as things stand now."""
    return one(ImportAnswer.of(preview))


@router.post(
    "/imports/{job_id}/start",
    name="imports_start",
    summary="Start an import",
    status_code=202,
    response_model=JobSummary,
    dependencies=ONCE,
)
async def start(
    _writer: WriterDep,
    rights: RightsDep,
    preview: PreviewDep,
    imports: RegistrantImportDep,
    form: Annotated[ImportForm, JSON],
) -> Response:
    """Import what the preview showed. `consent` must be true: the people have agreed elsewhere.

    `tell` sends them the mail that everybody gets who registers. `Location` is the job that does it.
    """
    await imports.start(rights, preview, form)
    return one(JobSummary.of(preview.job), status=202, location=f"/jobs/{preview.job.id}")


@router.post(
    "/bulk-acts",
    name="bulk_acts_create",
    summary="Act on many registrations",
    status_code=202,
    response_model=JobSummary,
    dependencies=ONCE,
)
async def act(
    _writer: WriterDep,
    rights: RightsDep,
    webinar: WebinarDep,
    acts: BulkActsDep,
    view: ViewDep,
    form: Annotated[BulkForm, JSON],
) -> Response:
    """Do something to the registrations named by `ids`, or with `all` to those that the parameters find.

    Those alone are touched that you may change. `Location` is the job that does it, and that can undo it for a day.
    """
    job = await acts.start(rights, webinar, view, form)
    return one(JobSummary.of(job), status=202, location=f"/jobs/{job.id}")
