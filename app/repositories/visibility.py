"""Which records a person may see or change: one predicate a table, which becomes a WHERE wherever its rows are read.

Whatever shows records of others asks here, so none of it can forget a rule. Conversations have none: nobody reads what
others ask in private, whatever their rank.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, False_, True_, false, true
from sqlalchemy.sql.elements import AsBoolean
from sqlalchemy.sql.operators import is_true
from sqlmodel import SQLModel, col, or_, select

from app.errors import Forbidden
from app.models.audit import AuditEntry
from app.models.document import Document, Passage
from app.models.follow_up import FollowUp
from app.models.group import PERMISSIONS
from app.models.job import Job
from app.models.product import Product
from app.models.user import User
from app.models.webinar import Note, Registration, Webinar
from app.models.webinar_message import Delivery, Notice, WebinarMessage

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
        return self.may(permission) or f"{permission}_assigned" in self.permissions

    def check(self, permission: str) -> None:
        """Raise `Forbidden` when they may not."""
        if not self.may(permission):
            raise Forbidden

    def check_some(self, permission: str) -> None:
        """Raise `Forbidden` when they may not, not even to what is assigned to them."""
        if not self.may_some(permission):
            raise Forbidden

    def rows(self, model: type[SQLModel], action: str) -> ColumnElement[bool]:
        """The rows of this table to which they may do this; of a table without a rule, all for superusers alone."""
        rule = RULES.get(model)
        return rule(self, action) if rule else _where(self.user.is_superuser)

    def sees(self, model: type[SQLModel]) -> ColumnElement[bool]:
        """The rows of this table that they may see."""
        return self.rows(model, "view")


def constant(rule: ColumnElement[bool]) -> bool | None:
    """True for a rule that all rows pass, False for one that none does; None where that depends on the row."""
    if isinstance(rule, AsBoolean) and rule.operator is is_true:  # what is left of an OR
        rule = rule.element
    return True if isinstance(rule, True_) else False if isinstance(rule, False_) else None


def _where(allowed: bool) -> ColumnElement[bool]:  # noqa: FBT001 - a value, not an option
    return true() if allowed else false()


def _owned(id: UUID, column: Any) -> ColumnElement[bool]:
    return col(column) == id


def _of_kind(kind: str) -> Rule:
    """A table of which somebody sees all or nothing."""
    return lambda rights, action: _where(rights.may(f"{kind}.{action}"))


def _user(rights: Rights, action: str) -> ColumnElement[bool]:
    """Oneself, and others; staff are changed by superusers alone."""
    anybody = action in ("view", "export") or rights.user.is_superuser
    rank = true() if anybody else ~or_(col(User.is_staff), col(User.is_superuser))
    return _owned(rights.user.id, User.id) | (_where(rights.may(f"user.{action}")) & rank)


def _registration(rights: Rights, action: str) -> ColumnElement[bool]:
    return _where(rights.may(f"registration.{action}")) | _where(
        f"registration.{action}_assigned" in rights.permissions
    ) & _owned(rights.user.id, Registration.rep_id)


def _of_registration(column: Any) -> Rule:
    """What belongs to registrations: seen with them, and changed by whoever may change them."""

    def rule(rights: Rights, action: str) -> ColumnElement[bool]:
        theirs = _registration(rights, action if action in ("view", "export") else "change")
        return col(column).in_(select(Registration.id).where(theirs)) if constant(theirs) is None else theirs

    return rule


RULES: Mapping[type[SQLModel], Rule] = {
    User: _user,
    AuditEntry: lambda rights, action: (
        _owned(rights.user.id, AuditEntry.subject_id)
        | _owned(rights.user.id, AuditEntry.actor_id)
        | _where(rights.may(f"audit.{action}"))
    ),
    Job: lambda rights, _action: _owned(rights.user.id, Job.owner_id) | _where(rights.user.is_superuser),
    Document: _of_kind("document"),
    Passage: _of_kind("document"),
    Product: _of_kind("product"),
    Webinar: _of_kind("webinar"),
    WebinarMessage: _of_kind("webinar"),
    Registration: _registration,
    Note: _of_registration(Note.registration_id),
    FollowUp: _of_registration(FollowUp.registration_id),
    Delivery: _of_registration(Delivery.registration_id),
    Notice: _of_kind("webinar"),
}
