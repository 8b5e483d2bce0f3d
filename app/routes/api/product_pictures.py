"""The picture of a product, which everybody sees at the address that the product names."""

from typing import Annotated

from fastapi import Depends, Response

from app.api.callers import RightsDep
from app.api.files import PICTURE, PictureBody
from app.api.product_answers import ProductAnswer
from app.api.replies import one
from app.api.routing import ApiRouter
from app.models.picture import Picture
from app.product_dependencies import ProductPicturesDep
from app.routes.api.pictures import Alt
from app.routes.api.products import ProductDep, UnchangedDep

router = ApiRouter("/products/{slug}/picture", tags=["pictures"])


async def get_picture(
    rights: RightsDep, _product: ProductDep, pictures: ProductPicturesDep, picture: PictureBody
) -> Picture | None:
    """The picture that was sent, made before the product is locked."""
    rights.check("product.change")
    return await pictures.make(picture)


PictureDep = Annotated[Picture | None, Depends(get_picture)]


@router.put(
    "",
    name="product_pictures_put",
    summary="Give a product a picture",
    response_model=ProductAnswer,
    openapi_extra=PICTURE.described,
)
async def put(
    rights: RightsDep, picture: PictureDep, product: UnchangedDep, pictures: ProductPicturesDep, alt: Alt = ""
) -> Response:
    """Give the product this picture. The body is the file itself, of which a WebP of 640 x 640 is made.

    `If-Match` is the `ETag` of the product. With an empty body the picture that it has gets another description.
    """
    await pictures.show(rights, product, picture, alt)
    return one(ProductAnswer.of(product))


@router.delete(
    "",
    name="product_pictures_delete",
    summary="Take away a product's picture",
    status_code=204,
    response_class=Response,
)
async def delete(rights: RightsDep, product: UnchangedDep, pictures: ProductPicturesDep) -> Response:
    """Take the picture away. `If-Match` is the `ETag` of the product."""
    await pictures.remove(rights, product)
    return Response(status_code=204)
