"""Which records a person may see or change: one predicate a table, which becomes a WHERE wherever its rows are read.

Whatever shows records of others asks here, so none of it can forget a rule. Conversations have none: nobody reads what
others ask in private, whatever their rank.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, true
from sqlmodel import SQLModel, col

from app.errors import Forbidden
from app.models.audit import AuditEntry
from app.models.group import PERMISSIONS
from app.models.job import Job
from app.models.user import User
from app.models.webinar import Registration

Rule = Callable[["Rights", str], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Rights:
    """A person and what they may do: everything for a superuser, else what their groups allow."""

    user: User
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        """Whether they may, `permission` being a kind of record and an action. KeyError for one that there is not."""
        if permission not in PERMISSIONS:
            raise KeyError(permission)
        return self.user.is_superuser or permission in self.permissions

    def may_some(self, permission: str) -> bool:
        """Whether they may, be it only to what is assigned to them; `rows` says to which."""
        return self.may(permission) or self.may(f"{permission}_assigned")

    def check(self, permission: str) -> None:
        """Raise `Forbidden` when they may not."""
        if not self.may(permission):
            raise Forbidden

    def check_some(self, permission: str) -> None:
        """Raise `Forbidden` when they may not, not even to what is assigned to them."""
        if not self.may_some(permission):
            raise Forbidden

    def rows(self, model: type[SQLModel], action: str) -> ColumnElement[bool]:
        """The rows of this table to which they may do this. KeyError for a table without a rule."""
        return RULES[model](self, action)

    def sees(self, model: type[SQLModel]) -> ColumnElement[bool]:
        """The rows of this table that they may see. KeyError for a table without a rule."""
        return self.rows(model, "view")


def _where(allowed: bool) -> ColumnElement[bool]:  # noqa: FBT001 - a value, not an option
    return true() if allowed else false()


def _owned(id: UUID, column: Any) -> ColumnElement[bool]:
    return col(column) == id


RULES: Mapping[type[SQLModel], Rule] = {
    User: lambda rights, action: _owned(rights.user.id, User.id) | _where(rights.may(f"user.{action}")),
    AuditEntry: lambda rights, action: (
        _owned(rights.user.id, AuditEntry.subject_id)
        | _owned(rights.user.id, AuditEntry.actor_id)
        | _where(rights.may(f"audit.{action}"))
    ),
    Job: lambda rights, _action: _owned(rights.user.id, Job.owner_id) | _where(rights.user.is_superuser),
    Registration: lambda rights, action: (
        _where(rights.may(f"registration.{action}"))
        | _where(rights.may(f"registration.{action}_assigned")) & _owned(rights.user.id, Registration.rep_id)
    ),
}
