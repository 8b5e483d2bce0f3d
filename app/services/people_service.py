"""People, as those see them who look after the site."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.errors import Forbidden, NotFound
from app.models.group import Group, PersonForm
from app.models.user import User
from app.repositories.groups import GroupRepository
from app.repositories.leaf import Leaf
from app.repositories.users import UserRepository
from app.repositories.visibility import Rights
from app.services.account_service import AccountService, LastSuperuser
from app.services.audit_service import AuditService
from app.services.lists import WordsView

FLAGS = ("is_active", "is_staff", "is_superuser")


@dataclass(frozen=True, slots=True)
class Person:
    user: User
    groups: Sequence[str]


class PeopleService:
    def __init__(
        self, users: UserRepository, groups: GroupRepository, accounts: AccountService, audit: AuditService
    ) -> None:
        self.users = users
        self.groups = groups
        self.accounts = accounts
        self.audit = audit

    async def leaf(self, rights: Rights, view: WordsView) -> Leaf[Person]:
        """One page of the people whom these rights show; nobody, where no word is in what is looked for."""
        if view.q.strip() and not view.words:
            return Leaf([], 1, 1, 0)
        found = await self.users.leaf(rights.sees(User), view.words, view.page)
        names = await self.groups.by_member([user.id for user in found.rows])
        people = [Person(user, names.get(user.id, ())) for user in found.rows]
        return Leaf(people, found.page, found.pages, found.total)

    async def all_groups(self) -> Sequence[Group]:
        return await self.groups.all()

    async def get(self, rights: Rights, id: UUID) -> tuple[User, Sequence[Group]]:
        """A person whom these rights show, with their groups."""
        user = await self.users.visible(id, rights.sees(User))
        if user is None or user.is_guest:
            raise NotFound
        return user, await self.groups.of(id)

    async def change(self, rights: Rights, user: User, form: PersonForm) -> None:
        """Change rank, groups or whether they may sign in; when anything changes, all their sessions end.

        Only a superuser changes ranks and groups, and touches staff at all.
        """
        rights.check("user.change")
        before = await self._snapshot(user)
        await self._check(rights, user, form, before)
        stays = form.is_superuser and form.is_active
        if user.is_superuser and not stays and not await self.users.other_superusers(user):
            raise LastSuperuser
        await self.users.add(user.sqlmodel_update({flag: getattr(form, flag) for flag in FLAGS}))
        await self.groups.put(user.id, form.groups)
        after = await self._snapshot(user)
        await self.audit.record(
            "person.changed", actor=rights.user, subject=user, record=("user", user.id), before=before, after=after
        )
        if before != after:
            await self.accounts.end_everywhere(user)

    async def _check(self, rights: Rights, user: User, form: PersonForm, before: dict[str, object]) -> None:
        if rights.user.is_superuser:
            return
        ranks = any(getattr(form, flag) != before[flag] for flag in ("is_staff", "is_superuser"))
        regroups = sorted(form.groups) != sorted(group.id or 0 for group in await self.groups.of(user.id))
        if ranks or regroups or user.is_trusted:
            raise Forbidden("Only a superuser may change somebody's rank or groups, or touch staff at all.")

    async def _snapshot(self, user: User) -> dict[str, object]:
        groups = [group.name for group in await self.groups.of(user.id)]
        return {flag: getattr(user, flag) for flag in FLAGS} | {"groups": groups}
