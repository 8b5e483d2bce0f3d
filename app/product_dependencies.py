"""What routes of products ask for by type beside their service; `dependencies` has that."""

from typing import Annotated

from fastapi import Depends, Request

from app.dependencies import AuditServiceDep, SessionDep
from app.events import Events
from app.repositories.events import EventRepository
from app.repositories.jobs import JobRepository
from app.repositories.pictures import PictureRepository
from app.repositories.product_figures import ProductFigures
from app.repositories.products import ProductRepository
from app.services.product_audit import ProductAudit
from app.services.product_file import ProductFile
from app.services.product_import import ProductImport
from app.services.product_pictures import ProductPictures
from app.webinar_dependencies import JobServiceDep


async def get_product_import(session: SessionDep, jobs: JobServiceDep) -> ProductImport:
    return ProductImport(ProductRepository(session), ProductFigures(session), JobRepository(session), jobs)


async def get_product_file(request: Request) -> ProductFile:
    return ProductFile(request.app.state.database)


async def get_product_pictures(request: Request, session: SessionDep, audit: AuditServiceDep) -> ProductPictures:
    handlers = (ProductAudit(audit).handle,)
    events = Events(EventRepository(session), handlers, request.app.state.event_feed.wake)
    return ProductPictures(PictureRepository(session), ProductRepository(session), request.app.state.images, events)


ProductImportDep = Annotated[ProductImport, Depends(get_product_import)]
ProductFileDep = Annotated[ProductFile, Depends(get_product_file)]
ProductPicturesDep = Annotated[ProductPictures, Depends(get_product_pictures)]
