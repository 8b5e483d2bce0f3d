"""Products: the list and the page that everybody sees, and what staff do with them there."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response

from app.dependencies import LiveProductsDep, ProductListDep, ProductServiceDep
from app.models.listing import PageNumber
from app.models.product import Currency, Product, ProductEdit, ProductForm, QuickEdit
from app.services.product_list import View, versions_of
from app.visitors import MaybeRightsDep, PageDep, RightsDep, Slug, WatchedDep, Words

router = APIRouter(prefix="/products")
Filter = Annotated[Words, Query(max_length=100)]


async def get_view(
    q: Words = "",
    category: Filter = "",
    low: Annotated[Filter, Query(alias="from")] = "",
    high: Annotated[Filter, Query(alias="to")] = "",
    stock: str = "",
    sort: str = "",
    page: PageNumber = 1,
) -> View:
    return View(q, category, low, high, stock=bool(stock), sort=sort, page=page)


async def new_form(page: PageDep, rights: RightsDep, products: ProductServiceDep) -> None:
    rights.check("product.add")
    page.form("products/edit.html", product=None, currencies=Currency, categories=await products.categories())


async def get_product(rights: MaybeRightsDep, products: ProductServiceDep, slug: Slug) -> Product:
    return await products.get(rights, slug)


async def get_for_staff(rights: RightsDep, products: ProductServiceDep, slug: Slug) -> Product:
    return await products.get(rights, slug)


StaffsDep = Annotated[Product, Depends(get_for_staff)]


async def edited(page: PageDep, rights: RightsDep, products: ProductServiceDep, product: StaffsDep) -> Product:
    rights.check("product.change")
    page.form("products/edit.html", product=product, currencies=Currency, categories=await products.categories())
    return product


async def quickly_edited(page: PageDep, rights: RightsDep, product: StaffsDep) -> Product:
    rights.check("product.change")
    page.form("products/quick.html", error_block="row", product=product, rights=rights)
    return product


ViewDep = Annotated[View, Depends(get_view)]
ProductDep = Annotated[Product, Depends(get_product)]
EditedDep = Annotated[Product, Depends(edited)]
QuicklyEditedDep = Annotated[Product, Depends(quickly_edited)]


@router.get("", name="products")
async def index(page: PageDep, rights: MaybeRightsDep, products: ProductListDep, view: ViewDep) -> Response:
    listed = await products.page(view)
    status = 422 if view.problems else 200
    return page.render("products/index.html", block="results", status=status, listed=listed, rights=rights)


@router.post("", name="create_product", dependencies=[Depends(new_form)])
async def create(
    page: PageDep, rights: RightsDep, products: ProductServiceDep, form: Annotated[ProductForm, Form()]
) -> Response:
    product = await products.create(rights, form)
    return page.redirect(product.path)


@router.get("/new", name="new_product", dependencies=[Depends(new_form)])
async def new(page: PageDep) -> Response:
    return page.show_form()


@router.post("/preview", name="preview_product")
async def preview(
    page: PageDep, rights: RightsDep, description: Annotated[str, Form(max_length=20_000)] = ""
) -> Response:
    rights.check("product.change")
    return page.render("partials/preview.html", description=description)


@router.get("/stream", name="products_stream")
async def stream(
    page: PageDep,
    rights: MaybeRightsDep,
    live: LiveProductsDep,
    watched: WatchedDep,
    rows: Annotated[str, Query(max_length=2_000)] = "",
) -> Response:
    follow = partial(live.changed, versions_of(rows))
    return watched.stream(page, "products/row_frame.html", "products", follow, rights=rights)


@router.get("/{slug}", name="product")
async def show(page: PageDep, rights: MaybeRightsDep, product: ProductDep) -> Response:
    return page.render("products/show.html", product=product, rights=rights)


@router.get("/{slug}/stream", name="product_stream")
async def stream_product(
    page: PageDep,
    rights: MaybeRightsDep,
    live: LiveProductsDep,
    watched: WatchedDep,
    product: ProductDep,
    version: int = 0,
) -> Response:
    follow = partial(live.changed, {product.id or 0: version})
    return watched.stream(page, "products/show_frame.html", "products", follow, rights=rights)


@router.get("/{slug}/edit", name="edit_product")
async def edit(page: PageDep, _product: EditedDep) -> Response:
    return page.show_form()


@router.post("/{slug}", name="change_product")
async def change(
    page: PageDep,
    rights: RightsDep,
    products: ProductServiceDep,
    product: EditedDep,
    form: Annotated[ProductEdit, Form()],
) -> Response:
    await products.change(rights, product, form)
    return page.redirect(product.path)


@router.get("/{slug}/quick", name="edit_product_quickly")
async def edit_quickly(page: PageDep, rights: RightsDep, product: QuicklyEditedDep) -> Response:
    return page.render("products/quick.html", block="row", product=product, rights=rights)


@router.get("/{slug}/row", name="product_row")
async def row(page: PageDep, rights: MaybeRightsDep, product: ProductDep) -> Response:
    """What the list shows of it, to put back in place of its form."""
    return page.render("products/row.html", location=product.path, product=product, rights=rights, acted=True)


@router.post("/{slug}/quick", name="change_product_quickly")
async def change_quickly(
    page: PageDep,
    rights: RightsDep,
    products: ProductServiceDep,
    product: QuicklyEditedDep,
    form: Annotated[QuickEdit, Form()],
) -> Response:
    await products.change_quickly(rights, product, form)
    return page.render("products/row.html", location=product.path, product=product, rights=rights, acted=True)


@router.post("/{slug}/deletion", name="delete_product")
async def delete(page: PageDep, rights: RightsDep, products: ProductServiceDep, product: StaffsDep) -> Response:
    await products.delete(rights, product)
    return page.render("products/row.html", location=product.path, product=product, rights=rights, acted=True)


@router.post("/{slug}/restoration", name="restore_product")
async def restore(page: PageDep, rights: RightsDep, products: ProductServiceDep, product: StaffsDep) -> Response:
    await products.restore(rights, product)
    return page.render("products/row.html", location=product.path, product=product, rights=rights, acted=True)
