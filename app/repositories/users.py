"""Queries of people."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import col, func, select

from app.models.conversation import Conversation
from app.models.user import AccessToken, RecoveryCode, User
from app.repositories.base import Repository
from app.repositories.leaf import Leaf, leaf
from app.repositories.record_search import USERS

PAGE = 50
MEMBER = col(User.is_guest).is_(False)


class UserRepository(Repository):
    async def get(self, id: UUID) -> User | None:
        return await self.session.get(User, id)

    async def visible(self, id: UUID, visible: ColumnElement[bool]) -> User | None:
        return (await self.session.exec(select(User).where(User.id == id, visible))).first()

    async def by_email(self, email: str) -> User | None:
        return (await self.session.exec(select(User).where(User.email == email))).first()

    async def members(self) -> Sequence[User]:
        """Everybody with an account, by address."""
        return (await self.session.exec(select(User).where(MEMBER).order_by(col(User.email)))).all()

    async def leaf(self, visible: ColumnElement[bool], words: Sequence[str], page: int) -> Leaf[User]:
        """A page of those with an account that `visible` shows, by address; with words, whose names or addresses have
        words that begin so."""
        found = select(User).where(MEMBER, visible)
        if words:
            found = found.where(col(User.id).in_(USERS.keys(User.__table__.c.id, words, on_sqlite=self.on_sqlite)))  # type: ignore[attr-defined]
        return await leaf(self.session, found, (col(User.email),), page, PAGE)

    async def other_superusers(self, than: User) -> Sequence[UUID]:
        """Those who can still sign in, without this one.

        Whoever asks next waits until this transaction is over, so that two cannot demote each other at once: a write
        that changes nothing locks the rows, and is SQLite's turn.
        """
        in_office = col(User.is_superuser) & col(User.is_active)
        await self.write(update(User).where(in_office).values(is_superuser=True))
        return (await self.session.exec(select(User.id).where(in_office, User.id != than.id))).all()

    async def use_step(self, user: User, step: int) -> bool:
        """Mark a time step's code as used; False when another request was there first."""
        unused = col(User.totp_step).is_(None) | (col(User.totp_step) < step)
        used = await self.write(update(User).where(col(User.id) == user.id, unused).values(totp_step=step))
        return used.rowcount == 1

    async def replace_recovery_codes(self, user: User, digests: Sequence[str]) -> None:
        await self.write(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user.id))
        await self.add_all([RecoveryCode(digest=digest, user_id=user.id) for digest in digests])

    async def use_recovery_code(self, user: User, digest: str) -> bool:
        """Use one up; False when there is none such, or no longer."""
        mine = delete(RecoveryCode).where(col(RecoveryCode.user_id) == user.id, col(RecoveryCode.digest) == digest)
        return (await self.write(mine)).rowcount == 1

    async def recovery_codes(self, user: User) -> int:
        count = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user.id)
        return (await self.session.exec(count)).one()

    async def adopt(self, guest: User, user: User) -> None:
        """Give a guest's conversations to this person; the guest goes."""
        theirs = update(Conversation).where(col(Conversation.user_id) == guest.id)
        await self.write(theirs.values(user_id=user.id))
        await self.write(delete(User).where(col(User.id) == guest.id, col(User.is_guest)))

    async def delete(self, user: User) -> None:
        """Delete a person with all that is theirs."""
        await self.write(delete(User).where(col(User.id) == user.id))

    async def delete_lost_guests(self) -> None:
        """Delete guests without a session, who can never come back, with all that only they could see."""
        lost = col(User.is_guest) & col(User.id).not_in(select(AccessToken.user_id))
        private = col(Conversation.ask_key).is_(None) & col(Conversation.user_id).in_(select(User.id).where(lost))
        await self.write(delete(Conversation).where(private))
        await self.write(delete(User).where(lost, col(User.id).not_in(select(Conversation.user_id))))
