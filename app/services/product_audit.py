"""The audit log's part in what happens to products."""

from app.events import ProductDeleted, ProductHappened, ProductPictureChanged
from app.services.audit_service import AuditService


class ProductAudit:
    """A handler of products' events."""

    def __init__(self, audit: AuditService) -> None:
        self.audit = audit

    async def handle(self, happened: ProductHappened) -> None:
        product = happened.product
        after = product.picture_facts if isinstance(happened, ProductPictureChanged) else product.facts
        after = {} if isinstance(happened, ProductDeleted) else after
        record = ("product", product.id)
        await self.audit.record(happened.act, actor=happened.actor, record=record, before=happened.before, after=after)
