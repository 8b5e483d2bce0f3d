"""Which records a person may see: one predicate for each kind, that becomes a WHERE wherever records are listed.

Pages, the API, the admin panel and exports ask here, so none of them can forget a rule.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, true
from sqlmodel import SQLModel, col

from app.models.audit import AuditEntry
from app.models.conversation import Conversation
from app.models.user import AccessToken, User

Rule = Callable[["Rights"], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Rights:
    """A person and what they may do: everything for a superuser, else what their groups allow."""

    user: User
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        """Whether they may, `permission` being a kind of record and an action, as `product.change`."""
        return self.user.is_superuser or permission in self.permissions

    def sees(self, model: type[SQLModel]) -> ColumnElement[bool]:
        """The rows of this table that they may see. KeyError for a table without a rule."""
        return RULES[model](self)


def _where(allowed: bool) -> ColumnElement[bool]:  # noqa: FBT001 - a value, not an option
    return true() if allowed else false()


def _owned(id: UUID, column: Any) -> ColumnElement[bool]:
    return col(column) == id


RULES: Mapping[type[SQLModel], Rule] = {
    User: lambda rights: _owned(rights.user.id, User.id) | _where(rights.may("user.view")),
    AccessToken: lambda rights: _owned(rights.user.id, AccessToken.user_id),
    # Nobody reads what others ask in private, whatever their rank.
    Conversation: lambda rights: _owned(rights.user.id, Conversation.user_id) | col(Conversation.ask_key).is_not(None),
    AuditEntry: lambda rights: (
        _owned(rights.user.id, AuditEntry.subject_id)
        | _owned(rights.user.id, AuditEntry.actor_id)
        | _where(rights.may("audit.view"))
    ),
}
