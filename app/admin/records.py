"""How a table looks in the admin panel: SQLAdmin's model view, with the site's defaults and permissions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from sqladmin import ModelView
from sqladmin.helpers import get_object_identifier, object_identifier_values
from sqlalchemy import ColumnElement, Integer, and_, false, or_
from sqlalchemy.orm import sessionmaker
from sqlmodel import SQLModel
from starlette.requests import Request

from app.admin.addresses import address
from app.admin.columns import Field, Kind, field_of
from app.admin.forms import Converter, refused
from app.errors import Forbidden, NotFound
from app.models.group import KINDS
from app.models.product import amount
from app.repositories.listings import holding
from app.repositories.record_search import TextIndex
from app.repositories.visibility import Rights

Names = Mapping[tuple[str, Any], str]  # what rows are called, by table and key
LISTED = 8  # columns, unless the view names its own
NAMES = ("name", "title", "label", "slug", "code", "email")  # of columns by which people name rows
UNLISTED = (Kind.LONG, Kind.JSON, Kind.BINARY)
MADE_BY_ITSELF = ("created_at", "updated_at", "version")
FLAGS = {"add": "can_create", "change": "can_edit", "delete": "can_delete", "export": "can_export"}


@dataclass(frozen=True, slots=True)
class Inline:
    """Rows of another table, on the page of the row that they refer to by this column.

    `columns` are what is shown of them; without it, what their own list shows.
    """

    by: Any
    columns: Sequence[str] = ()

    @property
    def table(self) -> str:
        return str(self.by.class_.__tablename__)

    @property
    def name(self) -> str:
        return f"{self.table}-{self.by.key}"


class Records(ModelView):
    """One table. All that SQLAdmin's `ModelView` takes says how it looks; what is added here:

    `kind` is the kind of record in permissions, and without one the table is for superusers. `home` is the address of
    the site's own page of all of them. `label` is the column by
    which people name a row, and `subject` the one that names the account in whose history its changes are. `words` is
    its index of words, without which a search reads every row. `secret` is what nobody is shown, in no list, file,
    search or log, and `unlogged` what the log does not keep. `filters` are the columns that narrow a list down, and
    `quick` those that can be changed in it. `inlines` are rows of other tables that a row's page shows, to be changed
    there. `parts` are tables without a view of their own whose rows come back with those of this one. With
    `needs_password`, whoever changes something has given theirs within ten minutes, and no undo brings a deleted row
    back.
    """

    model: ClassVar[type[Any]]
    kind: ClassVar[str] = ""
    label: ClassVar[str] = ""
    home: ClassVar[str] = ""
    words: ClassVar[TextIndex | None] = None
    subject: ClassVar[str] = ""
    secret: ClassVar[Sequence[str]] = ()
    unlogged: ClassVar[Sequence[str]] = ()
    quick: ClassVar[Sequence[str]] = ()
    filters: ClassVar[Sequence[str]] = ()
    inlines: ClassVar[Sequence[Inline]] = ()
    parts: ClassVar[Sequence[type[SQLModel]]] = ()
    needs_password: ClassVar[bool] = False
    panel: "Panel"
    page_size = 50
    page_size_options = (25, 50, 100, 200)
    form_converter = Converter
    form_include_pk = True  # whether a key is typed, `form_columns` says
    session_maker = sessionmaker()  # for relations alone, of which our tables have none

    address = staticmethod(address)

    @property
    def says(self) -> str:
        """What the table is called in a sentence."""
        return self.name_plural.lower()

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Its columns that may be shown, by name."""
        names = [each.key for each in self._mapper.column_attrs if each.key not in self.secret]
        labels = {name: self._column_labels.get(name) or words_of(name) for name in names}
        return {name: field_of(self.model, name, labels[name]) for name in names}

    @cached_property
    def listed(self) -> list[Field]:
        return [self.fields[name] for name in self._list_prop_names if name in self.fields]

    @cached_property
    def shown(self) -> list[Field]:
        return [self.fields[name] for name in self._details_prop_names if name in self.fields]

    @cached_property
    def typed(self) -> list[Field]:
        """What the forms have."""
        return [self.fields[name] for name in self._form_prop_names if name in self.fields]

    @cached_property
    def filtered(self) -> list[Field]:
        """What narrows its list down: also the columns by which other pages show some of its rows."""
        inlines = (inline for view in self.panel.tables.values() for inline in view.inlines)
        shown = [inline.by.key for inline in inlines if inline.table == self.table]
        return [self.fields[name] for name in dict.fromkeys((*self.filters, *shown))]

    def inline_fields(self, inline: Inline) -> list[Field]:
        """What is shown of its rows where they are inlines: not to whom they belong, which the page says."""
        names = inline.columns or [field.name for field in self.listed if field.name != inline.by.key]
        return [self.fields[name] for name in names]

    def get_list_columns(self) -> list[str]:
        """SQLAdmin's default is the key alone; ours is what fits."""
        if self.column_list or self.column_exclude_list:
            return super().get_list_columns()
        keys = [name for name in self.keys if self.label and self._comes_by_itself(name)]  # which nobody reads
        names = [name for name, field in self.fields.items() if field.kind not in UNLISTED and name not in keys]
        return list(dict.fromkeys([self.label, *names] if self.label else names))[:LISTED]

    def get_form_columns(self) -> list[str]:
        """SQLAdmin's default is every column; ours leaves out what the row itself sees to."""
        if self.form_columns:
            return super().get_form_columns()
        out = {*(name for name in self.keys if self._comes_by_itself(name)), *MADE_BY_ITSELF}
        return [name for name, field in self.fields.items() if name not in out and field.kind is not Kind.BINARY]

    @cached_property
    def keys(self) -> list[str]:
        """What the columns of its key are called in the model."""
        return [self._mapper.get_property_by_column(column).key for column in self.pk_columns]

    def _comes_by_itself(self, name: str) -> bool:
        column = field_of(self.model, name, "").column
        return column.default is not None or isinstance(column.type, Integer)

    # Rows

    def key_of(self, row: Any) -> str:
        """What names a row in an address."""
        return str(get_object_identifier(row))

    def address_of(self, row: Any) -> str:
        """The same as a part of an address."""
        return address(self.key_of(row))

    def path_of(self, row: Any) -> str:
        return f"/admin/{self.identity}/{self.address_of(row)}"

    def with_key(self, key: str) -> ColumnElement[bool]:
        """The row with this key. `NotFound` for what can be none."""
        try:
            found = zip(self.keys, object_identifier_values(key, self.model), strict=True)
            fields = ((field_of(self.model, name, ""), value) for name, value in found)
            return and_(*(field.attribute == field.read(value) for field, value in fields))
        except (ValueError, TypeError) as error:
            raise NotFound from error

    def title_of(self, row: Any) -> str:
        """What people call a row: by its name, or else by what it begins with in a list."""
        first = self.naming or self.listed[0]
        told = getattr(row, first.name) if self.naming or first.kind is Kind.TEXT else None
        return ("" if told is None else str(told).strip()) or self.key_of(row)

    @property
    def formatters(self) -> Mapping[str, Any]:
        """SQLAdmin's `column_formatters`, by the columns' names."""
        return self._list_formatters

    def formatted(self, request: Request, row: Any, name: str) -> Any:
        """What its formatter makes of a value."""
        takes_request = self._list_formatter_accepts_request.get(name, False)
        return self._call_formatter(self.formatters[name], row, name, request, takes_request)

    def amount(self, row: Any, field: Field) -> str:
        """Money as people read it."""
        return amount(getattr(row, field.name), str(getattr(row, field.currency)))

    def alt(self, row: Any, field: Field, names: Names) -> str:
        """What the picture of a row shows, or else whose it is."""
        return str(getattr(row, field.alt) if field.alt else "") or (
            f"{field.label} of {self.heading(row, self.listed[0], names)}"
        )

    def heading(self, row: Any, field: Field, names: Names) -> str:
        """The first cell of a row, as plain words for its link."""
        value = getattr(row, field.name)
        told = names.get((field.target, value), value) if field.target else value
        return ("" if told is None else str(told).strip()) or self.title_of(row)

    def refers_to(self, field: Field) -> "Records | None":
        return self.panel.of_table(field.target)

    @cached_property
    def key_field(self) -> Field:
        """The column of its key, or the first of several."""
        return field_of(self.model, self.keys[0], words_of(self.keys[0]))

    @property
    def table(self) -> str:
        return str(self.model.__table__.name)

    @cached_property
    def naming(self) -> Field | None:
        return self.fields[self.label] if self.label else None

    def elsewhere(self, row: Any, names: Names) -> str:  # noqa: ARG002
        """The address of the site's own page about a row; `names` are what the rows are called to which it refers."""
        return ""

    # What is typed

    def holding(self, words: Sequence[str]) -> Sequence[ColumnElement[bool]]:
        """The rows that hold all these words, where no index knows them."""
        columns = [getattr(self.model, name) for name in self._search_fields]
        return holding(" ".join(words), *columns) if columns else []

    def problems(self, values: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong with a row, in a sentence for each column."""
        return refused(self.model, values)

    # Permissions

    def may(self, rights: Rights, action: str) -> bool:
        """Whether somebody may do this to some rows at least: to view, add, change, delete or export them."""
        if action in FLAGS and not getattr(self, FLAGS[action]):
            return False
        return rights.user.is_superuser or (bool(self.kind) and rights.may_some(f"{self.kind}.{action}"))

    def check(self, rights: Rights, action: str) -> None:
        """Raise `Forbidden` when they may not."""
        if not self.may(rights, action):
            raise Forbidden

    def rows(self, rights: Rights, action: str) -> ColumnElement[bool]:
        """To which rows they may do it."""
        return rights.rows(self.model, action)

    def among(self, rows: Sequence[Any]) -> ColumnElement[bool]:
        """These rows."""
        if len(self.pk_columns) > 1:
            return or_(false(), *(self.with_key(self.key_of(row)) for row in rows))
        here: ColumnElement[bool] = self.key_field.attribute.in_([getattr(row, self.key_field.name) for row in rows])
        return here


def words_of(name: str) -> str:
    """A column's name as people read it: `created_at` is "Created at"."""
    return name.removesuffix("_id").removeprefix("is_").replace("_", " ").capitalize()


class Panel:
    """All views, by what addresses call them. A plain model stands for a view of it without any wishes."""

    def __init__(self, views: Sequence[type[Records] | type[SQLModel]]) -> None:
        made = [(each if issubclass(each, Records) else plain(each))() for each in views]
        if unknown := {view.kind for view in made} - {"", *KINDS}:
            raise ValueError(f"Nobody can have permissions for {unknown}: add it to KINDS of app/models/group.py.")
        self.views: dict[str, Records] = {view.identity: view for view in made}
        for view in made:
            view.panel = self
        self.tables = {view.table: view for view in made}
        self.parts = {str(part.__tablename__) for view in made for part in view.parts}

    def get(self, rights: Rights, identity: str) -> Records:
        """`NotFound` too for a table of which they see nothing."""
        view = self.views.get(identity)
        if view is None or not view.may(rights, "view"):
            raise NotFound
        return view

    def open_to(self, rights: Rights) -> Iterator[Records]:
        return (view for view in self.views.values() if view.may(rights, "view"))

    def of_table(self, name: str) -> Records | None:
        return self.tables.get(name)

    def called(self, table: str, count: int = 0) -> str:
        """What so many rows of a table are called in a sentence, also of one without a view."""
        view = self.of_table(table)
        name = view.name.lower() if view else table.replace("_", " ")
        return name if count == 1 else view.says if view else f"{name}s"

    def comes_back(self, table: str) -> bool:
        """Whether an undo brings rows of this table back: not what lets somebody in, and nothing that no view knows."""
        view = self.of_table(table)
        return not view.needs_password if view else table in self.parts


def plain(model: type[SQLModel]) -> type[Records]:
    """A view that has all defaults. What its rows are called, a column says by its own name."""
    named = next((name for name in NAMES if name in model.model_fields), "")

    class Plain(Records, model=model):
        label = named

    return Plain
