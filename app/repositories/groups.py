"""Queries of groups and of what they allow."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete
from sqlmodel import col, select

from app.models.group import Group, GroupMember, GroupPermission
from app.models.user import User
from app.repositories.base import Repository

# Made once: every page of the staff asks this.
PERMISSIONS = (
    select(GroupPermission.permission)
    .join(GroupMember, col(GroupMember.group_id) == col(GroupPermission.group_id))
    .where(GroupMember.user_id == bindparam("user"))
)


class GroupRepository(Repository):
    async def all(self) -> Sequence[Group]:
        return (await self.session.exec(select(Group).order_by(col(Group.name)))).all()

    async def of(self, user_id: UUID) -> Sequence[Group]:
        mine = select(Group).join(GroupMember).where(GroupMember.user_id == user_id).order_by(col(Group.name))
        return (await self.session.exec(mine)).all()

    async def by_member(self, ids: Sequence[UUID] | None = None) -> dict[UUID, list[str]]:
        """The names of everybody's groups, or of these people's."""
        found = select(GroupMember.user_id, Group.name).join(Group).order_by(col(Group.name))
        found = found if ids is None else found.where(col(GroupMember.user_id).in_(ids))
        names: dict[UUID, list[str]] = {}
        for user_id, name in (await self.session.exec(found)).all():
            names.setdefault(user_id, []).append(name)
        return names

    async def permissions(self, user_id: UUID) -> frozenset[str]:
        """What this person's groups allow, as `product.change`."""

        async def read() -> frozenset[str]:
            return frozenset((await self.execute(PERMISSIONS, {"user": user_id})).scalars())

        return await self.recall(("permissions", user_id), read)

    async def put(self, user_id: UUID, group_ids: Collection[int]) -> None:
        """Make this person a member of exactly these groups; numbers of none are passed over."""
        await self.write(delete(GroupMember).where(col(GroupMember.user_id) == user_id))
        there = {group.id for group in await self.all()}
        await self.add_all([GroupMember(group_id=id, user_id=user_id) for id in set(group_ids) & there if id])


def members_who_may(permission: str) -> ColumnElement[bool]:
    """The people who are active and in a group that allows this."""
    members = (
        select(GroupMember.user_id)
        .join(GroupPermission, col(GroupPermission.group_id) == col(GroupMember.group_id))
        .where(GroupPermission.permission == permission)
    )
    return col(User.id).in_(members) & col(User.is_active)
