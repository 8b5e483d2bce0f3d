"""Products, which everybody sees, and what staff do with them."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from app.api.answers import Page
from app.api.bodies import JSON, Changes, PartOf, changed
from app.api.callers import ANYBODY, AnybodyDep, RightsDep, WriterDep
from app.api.product_answers import ProductAnswer, ProductSummary, quick
from app.api.replies import one, quick_page
from app.api.routing import ONCE, ApiRouter
from app.api.versions import PreconditionDep
from app.dependencies import ListingServiceDep, ProductServiceDep
from app.models.listing import ProductQuery
from app.models.product import Product, ProductForm
from app.visitors import Slug

router = ApiRouter("/products")


async def get_product(products: ProductServiceDep, slug: Slug) -> Product:
    """As everybody sees it: what is deleted is not there."""
    return await products.get(None, slug)


ProductDep = Annotated[Product, Depends(get_product)]


async def get_unchanged(
    _writer: WriterDep,
    rights: RightsDep,
    product: ProductDep,
    products: ProductServiceDep,
    precondition: PreconditionDep,
) -> Product:
    """The product, under its lock, in the version that whoever changes it has read."""
    await products.hold(rights, product, "product.change")
    precondition.check(ProductAnswer.of(product))
    return product


async def get_deleted(
    _writer: WriterDep,
    rights: RightsDep,
    product: ProductDep,
    products: ProductServiceDep,
    precondition: PreconditionDep,
) -> Product:
    """The same of one that is about to be deleted."""
    await products.hold(rights, product, "product.delete")
    precondition.check(ProductAnswer.of(product))
    return product


async def get_restored(_writer: WriterDep, rights: RightsDep, products: ProductServiceDep, slug: Slug) -> Product:
    return await products.get(rights, slug)


UnchangedDep = Annotated[Product, Depends(get_unchanged)]
DeletedDep = Annotated[Product, Depends(get_deleted)]
RestoredDep = Annotated[Product, Depends(get_restored)]


@router.get(
    "", name="products_list", response_model=Page[ProductSummary], summary="List products", openapi_extra=ANYBODY
)
async def index(
    request: Request, _anybody: AnybodyDep, listings: ListingServiceDep, query: Annotated[ProductQuery, Query()]
) -> Response:
    """Those that are not deleted, without their descriptions. No token is needed."""
    return quick_page(request, await listings.products(query), quick)


@router.post(
    "",
    name="products_create",
    summary="Make a product",
    status_code=201,
    response_model=ProductAnswer,
    dependencies=ONCE,
)
async def create(
    _writer: WriterDep, rights: RightsDep, products: ProductServiceDep, form: Annotated[ProductForm, JSON]
) -> Response:
    """Make a product. Its slug is made of its name; a category that differs from a known one in case alone is that."""
    product = await products.create(rights, form)
    return one(ProductAnswer.of(product), status=201, location=f"/products/{product.slug}")


@router.get(
    "/{slug}", name="products_get", response_model=ProductAnswer, summary="Read a product", openapi_extra=ANYBODY
)
async def show(_anybody: AnybodyDep, product: ProductDep) -> Response:
    """One product. No token is needed."""
    return one(ProductAnswer.of(product))


@router.put("/{slug}", name="products_replace", summary="Replace a product", response_model=ProductAnswer)
async def replace(
    rights: RightsDep, product: UnchangedDep, products: ProductServiceDep, form: Annotated[ProductForm, JSON]
) -> Response:
    """Say all of it anew; what is left out gets its default. The slug and the picture stay."""
    await products.change(rights, product, form)
    return one(ProductAnswer.of(product))


@router.patch("/{slug}", name="products_change", summary="Change a product", response_model=ProductAnswer)
async def change(
    rights: RightsDep,
    product: UnchangedDep,
    products: ProductServiceDep,
    changes: Annotated[Changes, PartOf(ProductForm)],
) -> Response:
    """Change some of it; what is left out stays as it is."""
    await products.change(rights, product, changed(ProductForm, product.facts, changes))
    return one(ProductAnswer.of(product))


@router.delete("/{slug}", name="products_delete", summary="Delete a product", status_code=204, response_class=Response)
async def delete(rights: RightsDep, product: DeletedDep, products: ProductServiceDep) -> Response:
    """Delete it. For a day it can be restored."""
    await products.delete(rights, product)
    return Response(status_code=204)


@router.post(
    "/{slug}/restoration",
    name="products_restore",
    summary="Restore a product",
    response_model=ProductAnswer,
    dependencies=ONCE,
)
async def restore(rights: RightsDep, product: RestoredDep, products: ProductServiceDep) -> Response:
    """Bring back what was deleted within the last day. What is there stays as it is."""
    await products.restore(rights, product)
    return one(ProductAnswer.of(product))
