"""Looks at tables that people keep for themselves."""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from app.admin.look import Look
from app.admin.records import Records
from app.errors import Conflict, Invalid, NotFound
from app.models.saved_view import LONGEST, SavedView, SavedViewForm
from app.repositories.saved_views import SavedViewRepository
from app.repositories.visibility import Rights

MOST = 200  # of one person


class SavedViews:
    """Each sees and changes their own."""

    def __init__(self, saved: SavedViewRepository) -> None:
        self.saved = saved

    async def list(self, rights: Rights, view: Records) -> Sequence[SavedView]:
        return await self.saved.list(rights.user.id, view.identity)

    async def save(self, rights: Rights, view: Records, look: Look, form: SavedViewForm) -> SavedView:
        """Keep a look from its first page on, in place of the one that had this name."""
        owner, query = rights.user.id, look.query()
        if len(query) > LONGEST:
            raise Invalid("This searches for too much to be kept. Narrow it down by less.", field="name")
        row = await self.saved.named(owner, view.identity, form.name)
        if row is None and await self.saved.count(owner) >= MOST:
            raise Invalid(f"You keep {MOST} views already. Delete one first.", field="name")
        row = row or SavedView(owner_id=owner, view=view.identity, name=form.name, query=query)
        row.query = query
        try:
            return await self.saved.add(row)
        except IntegrityError as error:
            raise Conflict("There is a view of this name already.") from error

    async def delete(self, rights: Rights, view: Records, id: int) -> None:
        if not await self.saved.forget(rights.user.id, view.identity, id):
            raise NotFound
