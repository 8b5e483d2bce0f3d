"""Queries of the looks that people keep."""

from collections.abc import Sequence
from urllib.parse import quote_plus
from uuid import UUID

from sqlalchemy import delete, or_
from sqlmodel import col, func, select

from app.models.saved_view import SavedView
from app.repositories.base import Repository


class SavedViewRepository(Repository):
    async def list(self, owner: UUID, view: str) -> Sequence[SavedView]:
        found = select(SavedView).where(SavedView.owner_id == owner, SavedView.view == view)
        return (await self.session.exec(found.order_by(SavedView.name))).all()

    async def named(self, owner: UUID, view: str, name: str) -> SavedView | None:
        found = select(SavedView).where(SavedView.owner_id == owner, SavedView.view == view, SavedView.name == name)
        return (await self.session.exec(found)).first()

    async def count(self, owner: UUID) -> int:
        found = select(func.count()).select_from(SavedView).where(SavedView.owner_id == owner)
        return (await self.session.exec(found)).one()

    async def forget(self, owner: UUID, view: str, id: int) -> bool:
        """False when there is no such look of theirs."""
        mine = delete(SavedView).where(col(SavedView.owner_id) == owner, col(SavedView.view) == view)
        return (await self.write(mine.where(col(SavedView.id) == id))).rowcount == 1

    async def forget_address(self, email: str) -> None:
        """Delete looks that search for this address, whose ever they are."""
        sought = col(SavedView.query).icontains(quote_plus(email), autoescape=True)
        called = col(SavedView.name).icontains(email, autoescape=True)
        await self.write(delete(SavedView).where(or_(sought, called)))
