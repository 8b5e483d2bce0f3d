"""The picture that a product shows: put and taken away."""

from app.errors import Conflict, NotFound
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
        if not sent and product.picture_id is None:
            raise BadPicture("Please choose a picture first.")
        picture = await self.images.make(sent, SHAPE) if sent else None
        await self._change(rights, product, picture, alt, keep=not sent)

    async def remove(self, rights: Rights, product: Product) -> None:
        rights.check("product.change")
        if product.picture_id:
            await self._change(rights, product, None, "", keep=False)

    async def _change(self, rights: Rights, product: Product, picture: Picture | None, alt: str, *, keep: bool) -> None:
        before = product.picture_facts
        if not keep and not await self.pictures.replace(product, picture):
            raise NotFound
        if not await self.products.change(product, product.version, {"picture_alt": alt, "updated_at": now()}):
            raise Conflict("Somebody else changed it just now. Please save the picture again.")
        await self.events.publish(ProductPictureChanged(product, before, rights.user))
