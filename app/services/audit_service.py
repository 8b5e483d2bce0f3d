"""The audit log's writer."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID

from app.log import request_id
from app.models.audit import AuditEntry
from app.models.user import Impersonation, Place, User
from app.repositories.audit import AuditRepository
from app.repositories.visibility import Rights

PRIVATE = {"id", "actor_id", "subject_id", "request_id"}


def nobody() -> None:
    """Nobody acts as somebody else, as without a request."""


class AuditService:
    """Records acts in the transaction that they are part of: both happen, or neither.

    `impersonation` tells at any time whether a superuser acts as somebody else: then they are the actor.
    """

    def __init__(
        self, entries: AuditRepository, place: Place, impersonation: Callable[[], Impersonation | None] = nobody
    ) -> None:
        self.entries = entries
        self.place = place
        self.impersonation = impersonation

    async def record(
        self,
        act: str,
        *,
        actor: User | None,
        subject: User | UUID | None = None,
        record: tuple[str, object] = ("", ""),
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """`act`: as `password.changed`; `record`: its kind and key; `before` and `after`: what changed, by field.

        Without a `subject` it belongs to the actor's own history.
        """
        whose, seen = subject or actor, self.impersonation()
        actor = seen.by if seen else actor
        old, new = before or {}, after or {}
        changed = {name for name in {**old, **new} if old.get(name) != new.get(name)}
        await self.entries.add(
            AuditEntry(
                act=act,
                actor_id=actor.id if actor else None,
                actor=actor.email if actor else "",
                acting_as=seen.user.email if seen else "",
                subject_id=whose.id if isinstance(whose, User) else whose,
                kind=record[0],
                key=str(record[1]),
                before=_plain(old, changed),
                after=_plain(new, changed),
                address=self.place.address,
                device=self.place.device,
                request_id=request_id.get(),
            )
        )

    async def forget(self, kind: str, keys: Collection[object], email: str) -> None:
        """Keep that something was done to these records, and not what they said: whose they were is erased.

        So it is with those that were deleted before, which are known by the address.
        """
        await self.entries.forget(kind, [str(key) for key in keys], f'"{email}"')

    async def history(self, user: User, rights: Rights | None = None) -> Sequence[AuditEntry]:
        """What was done last by or to somebody, the newest first, as far as whoever asks may see it."""
        visible = (rights or Rights(user, frozenset())).sees(AuditEntry)
        return await self.entries.history(user.id, visible)

    async def export(self, user: User) -> list[dict[str, Any]]:
        """All of it, as plain data."""
        entries = await self.entries.history(user.id, Rights(user, frozenset()).sees(AuditEntry), limit=None)
        return [entry.model_dump(mode="json", exclude=PRIVATE) for entry in entries]


def _plain(values: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """What JSON can hold of the fields that changed."""
    return {name: as_json(value) for name, value in values.items() if name in names}


def as_json(value: Any) -> Any:
    """A value as the log keeps it: moments in ISO 8601, and whatever JSON has no word for as its text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, str | int | float | list | dict) else str(value)
