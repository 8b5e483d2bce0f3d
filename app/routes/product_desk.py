"""Products from a file and into one, and their pictures."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile

from app.models.base import Typed
from app.models.product import Product, ProductImportForm
from app.product_dependencies import ProductFileDep, ProductImportDep, ProductPicturesDep
from app.routes.pictures import FOR_SOME, OPEN_TO_ALL, Alt, KnownTag, Upload, content, served
from app.routes.products import ProductDep, StaffsDep, ViewDep
from app.services.csv_import import Preview
from app.visitors import PageDep, RightsDep
from app.webinar_dependencies import PictureServiceDep

router = APIRouter(prefix="/products")


async def import_form(page: PageDep, rights: RightsDep) -> None:
    rights.check("product.add")
    page.form("products/import.html")


async def get_preview(page: PageDep, rights: RightsDep, imports: ProductImportDep, job_id: UUID) -> Preview:
    preview = await imports.preview(rights, job_id)
    page.form("products/import_preview.html", preview=preview)
    return preview


async def pictured(page: PageDep, rights: RightsDep, product: StaffsDep) -> Product:
    rights.check("product.change")
    page.form("products/picture_page.html", product=product)
    return product


PreviewDep = Annotated[Preview, Depends(get_preview)]
PicturedDep = Annotated[Product, Depends(pictured)]


@router.get(".csv", name="export_products")
async def export(page: PageDep, rights: RightsDep, file: ProductFileDep, view: ViewDep) -> Response:
    return page.stream_download(file.lines(rights, view), "text/csv", "products.csv")


@router.get("/import", name="import_products", dependencies=[Depends(import_form)])
async def show_import(page: PageDep) -> Response:
    return page.show_form()


@router.post("/import", name="read_products", dependencies=[Depends(import_form)])
async def read(
    page: PageDep,
    rights: RightsDep,
    imports: ProductImportDep,
    file: Annotated[UploadFile | None, File()] = None,
    pasted: Annotated[Typed, Form()] = "",
) -> Response:
    name, data = (file.filename or "", await file.read()) if file else ("", b"")
    job = await imports.read(rights, name, data, pasted)
    return page.redirect(f"/products/import/{job.id}")


@router.get("/import/{job_id}", name="product_import_preview")
async def show_preview(page: PageDep, _preview: PreviewDep) -> Response:
    return page.show_form()


@router.post("/import/{job_id}", name="run_product_import")
async def run(
    page: PageDep,
    rights: RightsDep,
    preview: PreviewDep,
    imports: ProductImportDep,
    form: Annotated[ProductImportForm, Form()],
) -> Response:
    await imports.start(rights, preview, form)
    return page.redirect(f"/desk/jobs/{preview.job.id}")


@router.get("/{slug}/picture/{picture_id}", name="product_picture")
async def picture(product: ProductDep, pictures: PictureServiceDep, picture_id: UUID, known: KnownTag = "") -> Response:
    """No page, which would set a cookie now and then: this answer may be kept by anybody on its way."""
    found = await pictures.get(product.picture_id, picture_id)
    return served(found, known, FOR_SOME if product.deleted_at else OPEN_TO_ALL)


@router.post("/{slug}/picture", name="put_product_picture")
async def put_picture(
    page: PageDep,
    rights: RightsDep,
    product: PicturedDep,
    pictures: ProductPicturesDep,
    picture: Upload = None,
    alt: Alt = "",
) -> Response:
    await pictures.put(rights, product, await content(picture), alt)
    return page.show_form(block="picture", location=f"{product.path}/edit", done="The picture is saved.")


@router.post("/{slug}/picture/deletion", name="remove_product_picture")
async def remove_picture(
    page: PageDep, rights: RightsDep, product: PicturedDep, pictures: ProductPicturesDep
) -> Response:
    await pictures.remove(rights, product)
    return page.show_form(block="picture", location=f"{product.path}/edit", done="The picture is removed.")
