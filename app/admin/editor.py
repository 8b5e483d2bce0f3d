"""Changing rows: by the rights of whoever asks, with a record of it in the same transaction."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from app.admin.browser import RecordBrowser
from app.admin.columns import Field, Kind, as_text
from app.admin.records import Names, Records
from app.admin.snapshots import Snapshots
from app.errors import Conflict, Invalid, NotFound
from app.models.audit import AuditEntry
from app.models.base import now
from app.repositories.records import RecordRepository
from app.repositories.refusals import Refusal, refusal
from app.repositories.visibility import Rights
from app.services.audit_service import AuditService, as_json

CLOCK = "updated_at"
KEPT_UP = (CLOCK, "version", "name_key")  # follows from other columns


class Effects(Protocol):
    """What belongs to a change of some table besides the change itself."""

    async def prepared(self, rights: Rights, row: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with those that follow from them. `row` is None for a new one."""
        ...

    async def hold(self, row: Any) -> None:
        """Let nobody change it, or what a deletion of it changes, until this transaction ends."""
        ...

    async def changed(self, rights: Rights, row: Any) -> None: ...

    async def delete(self, rights: Rights, row: Any) -> None: ...

    async def restore(self, rights: Rights, row: Any) -> None:
        """Bring back one that was deleted."""
        ...


class Stale(Conflict):
    """Somebody else has saved this row since the form was opened; `theirs` and `mine` are its fields as text."""

    title = "Somebody else was here before you"
    message = "This has changed since you opened it, and nothing of yours is saved yet. Choose what to keep."
    template = "admin/conflict.html"
    block = "conflict"

    def __init__(self, view: Records, row: Any, mine: Mapping[str, str]) -> None:
        super().__init__()
        self.view, self.row, self.mine = view, row, mine
        self.theirs, self.version = texts(view, row), version(view, row)

    @property
    def differing(self) -> list[Field]:
        return [each for each in self.view.typed if self.mine[each.name] != self.theirs[each.name]]


class RecordEditor:
    def __init__(
        self,
        browser: RecordBrowser,
        records: RecordRepository,
        audit: AuditService,
        effects: Mapping[type[SQLModel], Effects],
        snapshots: Snapshots,
    ) -> None:
        self.browser = browser
        self.records = records
        self.audit = audit
        self.effects = effects
        self.snapshots = snapshots

    async def create(self, rights: Rights, view: Records, typed: Mapping[str, Any]) -> Any:
        view.check(rights, "add")
        values = await self.values(rights, view, typed)
        row = view.model(**await self._prepared(rights, view, None, values))
        await self._store(rights, view, row, {}, "add")
        await self.say(rights, view, row, "added", {}, facts(view, row))
        return row

    async def change(self, rights: Rights, view: Records, row: Any, typed: Mapping[str, Any], opened: str) -> None:
        """Save what was typed into a form that was opened with that version of the row.

        What they have not touched stays as it is now. Raises `Stale` when somebody else was faster and wants something
        else of a field.
        """
        await self.browser.check(rights, view, row, "change")
        values = await self.values(rights, view, typed, row)
        await self.records.hold(row)
        was, theirs = dict(zip((each.name for each in view.typed), opened.split("."), strict=False)), texts(view, row)
        mine = {name: view.fields[name].typed(value) for name, value in values.items()}
        wanted = {name: text for name, text in mine.items() if text != theirs[name] and _mark(text) != was.get(name)}
        if any(_mark(theirs[name]) != was.get(name) for name in wanted):
            raise Stale(view, row, theirs | wanted)
        new = {name: values[name] for name in wanted}
        await self.put(rights, view, row, new)

    async def put(
        self, rights: Rights, view: Records, row: Any, values: Mapping[str, Any], act: str = "changed"
    ) -> None:
        """Change these columns of a row that is held."""
        if not values:
            return
        if wrong := view.problems(row.model_dump() | dict(values)):
            raise Conflict(" ".join(dict.fromkeys(wrong.values())))
        before = facts(view, row)
        clock = {CLOCK: now()} if CLOCK in view.fields else {}
        await self._store(rights, view, row, await self._prepared(rights, view, row, values) | clock, "change")
        await self.say(rights, view, row, act, before, facts(view, row))

    async def hold(self, view: Records, row: Any) -> None:
        """Hold a row that is about to be deleted: nothing new comes to hang on it."""
        effects = self.effects.get(view.model)
        await (effects.hold(row) if effects else self.records.hold(row))

    async def delete(self, rights: Rights, view: Records, row: Any) -> None:
        """Delete it with all that hangs on it."""
        await self.browser.check(rights, view, row, "delete")
        effects, before = self.effects.get(view.model), facts(view, row)
        try:
            await (effects.delete(rights, row) if effects else self.records.delete(row))
        except IntegrityError as error:
            raise Conflict("Something else still refers to this, so it cannot be deleted.") from error
        await self.say(rights, view, row, "deleted", before, {})

    async def restore(self, rights: Rights, view: Records, row: Any) -> None:
        """Bring a deleted row back as it was."""
        view.check(rights, "delete")
        effects = self.effects.get(view.model)
        try:
            await (effects.restore(rights, row) if effects else self.records.add(row))
        except IntegrityError as error:
            raise Conflict("Something else is in its place now, or what it belongs to is gone.") from error
        await self.browser.check(rights, view, row, "delete")
        await self.say(rights, view, row, "restored", {}, facts(view, row))

    async def revert(self, rights: Rights, view: Records, row: Any, entry_id: int) -> None:
        """Put back what one act changed; `Conflict` when somebody has changed the same since."""
        await self.browser.check(rights, view, row, "change")
        entry = await self.records.entry(view.identity, view.key_of(row), entry_id)
        if entry is None:
            raise NotFound
        fields = revertible(view, entry)
        if not fields:
            raise Conflict("This cannot be put back here.")
        await self.records.hold(row)
        current = facts(view, row)
        if changed := [each.label for each in fields if current[each.name] != entry.after[each.name]]:
            raise Conflict(f"Changed again since: {', '.join(changed)}. Nothing was put back.")
        await self.put(
            rights, view, row, {each.name: each.read(entry.before[each.name]) for each in fields}, "reverted"
        )

    async def say(
        self, rights: Rights, view: Records, row: Any, act: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Record an act."""
        record, name = (view.identity, view.key_of(row)), f"{view.identity}.{act}"
        is_gone = act == "deleted" and view.subject == view.key_field.name
        subject = getattr(row, view.subject) if view.subject and not is_gone else None
        await self.audit.record(name, actor=rights.user, subject=subject, record=record, before=before, after=after)

    async def _prepared(self, rights: Rights, view: Records, row: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        effects = self.effects.get(view.model)
        return await effects.prepared(rights, row, values) if effects else dict(values)

    async def _store(self, rights: Rights, view: Records, row: Any, values: Mapping[str, Any], action: str) -> None:
        """Store it, and see that it is still one that they may do this to: nobody gives away what they do not have."""
        try:
            await self.records.store(row, values)
        except IntegrityError as error:
            raise refused_by(view, refusal(error)) from error
        await self.browser.check(rights, view, row, action)
        if effects := self.effects.get(view.model):
            await effects.changed(rights, row)

    async def values(self, rights: Rights, view: Records, typed: Mapping[str, Any], row: Any = None) -> dict[str, Any]:
        """The columns' values of what was typed. Raises `Invalid` with a sentence for each that is wrong."""
        values: dict[str, Any] = {}
        problems: dict[str, str] = {}
        names = await self.browser.names(rights, [(view.typed, row)]) if row else {}
        for field in view.typed:
            if field.name in typed:
                try:
                    if row and is_as_before(field, row, names, typed[field.name]):
                        values[field.name] = getattr(row, field.name)
                        continue
                    values[field.name] = await self.value(rights, field, typed[field.name])
                except ValueError as error:
                    problems[field.name] = str(error)
        found = {} if problems else view.problems((row.model_dump() if row else {}) | values)
        problems |= {name: problem for name, problem in found.items() if name in values}
        if problems:
            raise Invalid(" ".join(dict.fromkeys(problems.values())), problems=problems)
        return values

    async def value(self, rights: Rights, field: Field, typed: Any) -> Any:
        if typed is None or typed == "":
            return field.nothing
        if field.kind is not Kind.REFERENCE:
            return field.read(typed)
        found = await self.browser.resolved(rights, field, typed)
        if found is None:
            raise ValueError(f"{field.label}: there is no “{typed}”.")
        return found


def refused_by(view: Records, why: Refusal) -> Conflict:
    """What the database has against a row, beside the fields that it is about."""
    if why.rule:
        return Conflict(f"The database refuses this by its rule “{why.rule}”.")
    columns = {each.column.name: each for each in view.fields.values()}
    taken = [columns[name] for name in why.taken if name in columns]
    if not taken:
        return Conflict("There is such a record already, or what it refers to is gone.")
    message = f"There is a {view.name.lower()} with this {' and '.join(each.label for each in taken)} already."
    return Conflict(message, problems={each.name: message for each in taken if each in view.typed})


def is_as_before(field: Field, row: Any, names: Names, typed: Any) -> bool:
    """Whether a reference is still to the same row, by its key or by its name: perhaps one that they do not see."""
    key = getattr(row, field.name)
    if field.kind is not Kind.REFERENCE or key is None:
        return False
    return typed in (key, as_text(key), names.get((field.target, key)))


def texts(view: Records, row: Any) -> dict[str, str]:
    """The fields of a row's form as text."""
    return {field.name: field.typed(getattr(row, field.name)) for field in view.typed}


def facts(view: Records, row: Any) -> dict[str, Any]:
    """A row's columns for the log, without secrets and bytes."""
    kept = (f for name, f in view.fields.items() if f.kind is not Kind.BINARY and name not in view.unlogged)
    return {field.name: as_json(getattr(row, field.name)) for field in kept}


def version(view: Records, row: Any) -> str:
    """Marks what each field of a form shows of a row, so that a change of it by somebody else is noticed."""
    return ".".join(map(_mark, texts(view, row).values()))


def _mark(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:10]


def revertible(view: Records, entry: AuditEntry) -> list[Field]:
    """The columns that an act changed, if the form has all of them; what the row itself keeps up does not count."""
    names = [name for name in entry.after if name not in KEPT_UP]
    typed = {field.name: field for field in view.typed}
    return [typed[name] for name in names] if all(n in typed and n in entry.before for n in names) else []
