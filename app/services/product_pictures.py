"""The picture that a product shows: put and taken away."""

from typing import Any

from app.errors import NotFound
from app.events import Events, ProductPictureChanged
from app.models.base import now
from app.models.picture import Picture
from app.models.product import Product
from app.repositories.pictures import PictureRepository
from app.repositories.products import ProductRepository
from app.repositories.visibility import Rights
from app.services.images import BadPicture, Images, Shape

SHAPE = Shape(640, 640)


class ProductPictures:
    def __init__(
        self, pictures: PictureRepository, products: ProductRepository, images: Images, events: Events
    ) -> None:
        self.pictures = pictures
        self.products = products
        self.images = images
        self.events = events

    async def put(self, rights: Rights, product: Product, sent: bytes, alt: str) -> None:
        """Give it this picture; with nothing sent, the one that it has gets another description."""
        rights.check("product.change")
        await self.show(rights, product, await self.make(sent), alt)

    async def make(self, sent: bytes) -> Picture | None:
        """What was sent, or None for nothing. It takes a while, so it is done before anything is locked."""
        return await self.images.make(sent, SHAPE) if sent else None

    async def show(self, rights: Rights, product: Product, picture: Picture | None, alt: str) -> None:
        """The same as `put` with a picture that is made already."""
        rights.check("product.change")
        await self._hold(product)
        if not picture and product.picture_id is None:
            raise BadPicture("Please choose a picture first.")
        before = product.picture_facts
        if picture:
            await self.pictures.replace(product, picture)
        await self._describe(rights, product, alt, before)

    async def remove(self, rights: Rights, product: Product) -> None:
        rights.check("product.change")
        await self._hold(product)
        before = product.picture_facts
        await self.pictures.replace(product, None)
        await self._describe(rights, product, "", before)

    async def _hold(self, product: Product) -> None:
        if not await self.pictures.hold(product):
            raise NotFound

    async def _describe(self, rights: Rights, product: Product, alt: str, before: dict[str, Any]) -> None:
        """Say what it shows now. Of what is as it was before, nobody is told."""
        if {**product.picture_facts, "picture_alt": alt} != before:
            await self.products.change(product, product.version, {"picture_alt": alt, "updated_at": now()})
            await self.events.publish(ProductPictureChanged(product, before, rights.user))
