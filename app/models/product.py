"""Products: what is sold, what it costs and how much of it there is."""

import re
import unicodedata
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    StringConstraints,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    field_validator,
)
from sqlalchemy import BigInteger, CheckConstraint, Index, String, TextClause, text
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, Typed, now, words

PRICE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")
NUMBER = re.compile(r"[0-9]{1,9}")
# Hundredths at which a band of prices begins; the next one ends it. The triggers of the migration know them too.
BANDS = (0, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000)
LIVE = text("deleted_at IS NULL")
DELETED = text("deleted_at IS NOT NULL")
PICTURED = text("picture_id IS NOT NULL")
KEY = String(200).with_variant(String(200, collation="C"), "postgresql")  # the order of SQLite, whatever the locale
WHOLE = ("JPY", "KRW")  # currencies without hundredths


class Currency(StrEnum):
    """ISO 4217."""

    AUD = "AUD"
    BRL = "BRL"
    CAD = "CAD"
    CHF = "CHF"
    CNY = "CNY"
    CZK = "CZK"
    DKK = "DKK"
    EUR = "EUR"
    GBP = "GBP"
    HUF = "HUF"
    INR = "INR"
    JPY = "JPY"
    KRW = "KRW"
    MXN = "MXN"
    NOK = "NOK"
    NZD = "NZD"
    PLN = "PLN"
    SEK = "SEK"
    SGD = "SGD"
    TRY = "TRY"
    USD = "USD"
    ZAR = "ZAR"


def index(name: str, *columns: str, where: TextClause = LIVE) -> Index:
    """Over the products that are not deleted, with all that lists filter by, so that they read no other rows."""
    return Index(f"ix_product_{name}", *columns, sqlite_where=where, postgresql_where=where)


class Product(SQLModel, table=True):
    """One of them. A deleted one is kept for a day, so that it can be restored.

    `price_minor` is in hundredths, whatever the currency: integers are exact in every database. The column says in
    which one its currency stands, by which the admin panel knows it for money. `name_key` is what the
    name is sorted by. `version` grows with every change, so that two people do not overwrite each other.
    """

    __table_args__ = (
        CheckConstraint("price_minor >= 0 AND price_minor < 1000000000000", name="price"),
        CheckConstraint("stock >= 0", name="stock"),
        CheckConstraint("name <> '' AND category <> ''", name="names"),
        CheckConstraint(f"currency IN ({', '.join(repr(each.value) for each in Currency)})", name="currency"),
        index("name", "name_key", "id", "category", "price_minor", "stock"),
        index("price", "price_minor", "id", "category", "currency", "stock", "name_key", "created_at"),
        index("created", "created_at", "id", "category", "price_minor", "stock"),
        index("category_name", "category", "name_key", "id", "price_minor", "stock"),
        index("category_price", "category", "price_minor", "id", "currency", "stock", "name_key", "created_at"),
        index("category_created", "category", "created_at", "id", "price_minor", "stock"),
        index("deleted", "deleted_at", where=DELETED),
        index("picture_id", "picture_id", where=PICTURED),
    )

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(max_length=120, unique=True, index=True)
    name: str = Field(max_length=200)
    name_key: str = Field(sa_type=KEY)
    description: str = Field(default="", max_length=20_000)
    price_minor: int = Field(sa_type=BigInteger, sa_column_kwargs={"info": {"currency": "currency"}})
    currency: Currency = Field(default=Currency.EUR, sa_type=words(Currency, 3))
    category: str = Field(max_length=40)
    stock: int = 0
    picture_id: UUID | None = Field(default=None, foreign_key="picture.id", ondelete="SET NULL")
    picture_alt: str = Field(default="", max_length=200)
    version: int = 1
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)
    deleted_at: datetime | None = Timestamp(default=None, nullable=True)

    @property
    def path(self) -> str:
        return f"/products/{self.slug}"

    @property
    def picture_path(self) -> str:
        """Where its picture is; another picture has another address. Empty without one."""
        return picture_path(self.slug, self.picture_id)

    @property
    def price(self) -> Decimal:
        return money(self.price_minor)

    @property
    def shown_price(self) -> str:
        return amount(self.price_minor, self.currency)

    @property
    def typed_price(self) -> str:
        """The price as a form takes it."""
        return typed_price(self.price_minor, self.currency)

    @property
    def facts(self) -> dict[str, Any]:
        """What people say of it, as plain data."""
        return {
            "name": self.name,
            "description": self.description,
            "price": self.typed_price,
            "currency": self.currency.value,
            "category": self.category,
            "stock": self.stock,
        }

    @property
    def marks(self) -> str:
        """What a form shows of each of its fields, so that it can be told later which of them somebody has changed."""
        return ".".join(mark(value) for value in self.facts.values())

    @property
    def picture_facts(self) -> dict[str, Any]:
        return {"picture": str(self.picture_id or ""), "picture_alt": self.picture_alt}


class ProductFigure(SQLModel, table=True):
    """How many products of one kind there are, for sums over all of them. Triggers write these rows.

    Several rows may be about the same kind, and then all of them count: on PostgreSQL a change adds rows with what is
    more and what is less now, so that two changes never wait for each other, and the upkeep folds them.
    """

    __tablename__ = "product_figure"
    __table_args__ = (Index("ix_product_figure_kind", "category", "currency", "band", "month"),)

    id: int | None = Field(default=None, primary_key=True)
    category: str = Field(max_length=40)
    currency: str = Field(max_length=3)
    band: int
    month: str = Field(max_length=7)
    products: int = Field(sa_type=BigInteger)
    in_stock: int = Field(sa_type=BigInteger)
    units: int = Field(sa_type=BigInteger)
    price_sum: int = Field(sa_type=BigInteger)


def mark(value: object) -> str:
    return sha256(str(value).encode()).hexdigest()[:10]


def money(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


def figure(minor: int, currency: str) -> str:
    """As people read it, without the currency."""
    return f"{money(minor):,.{0 if currency in WHOLE else 2}f}"


def amount(minor: int, currency: str) -> str:
    return f"{figure(minor, currency)} {currency}"


def typed_price(minor: int, currency: str) -> str:
    return str(minor // 100) if currency in WHOLE else f"{minor // 100}.{minor % 100:02}"


def picture_path(slug: str, picture_id: UUID | None) -> str:
    return f"/products/{slug}/picture/{picture_id}" if picture_id else ""


def sort_key(name: str) -> str:
    """A name as it is sorted: without case and accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return plain.casefold()[:200]


# What forms hold


def price_of(typed: object) -> Decimal:
    """A price as people type it, or a program sends it. Nothing is guessed: 1,299 is refused."""
    if not PRICE.fullmatch(str(typed).strip()):
        raise ValueError("Write the price as 12.50: digits, and a point before the cents. The most is 9999999999.99.")
    return Decimal(str(typed).strip())


def stock_of(typed: object, read: ValidatorFunctionWrapHandler) -> int:
    """A form has text alone; JSON is read strictly, and there `"5"` is no number."""
    try:
        if isinstance(typed, bool) or not NUMBER.fullmatch(str(typed).strip()):
            raise ValueError
        return int(read(typed))
    except ValueError as error:
        raise ValueError("Write how many there are as a whole number from 0 to 999999999.") from error


def one_line(typed: str) -> str:
    if not typed.isprintable():
        raise ValueError("One line, please.")
    return typed


PRICE_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": r"^\s*[0-9]{1,10}(\.[0-9]{1,2})?\s*$"},
        {"type": "number", "minimum": 0, "maximum": 9_999_999_999.99},
    ],
    "examples": ["12.50"],
}
Price = Annotated[Decimal, BeforeValidator(price_of), WithJsonSchema(PRICE_SCHEMA)]
Stock = Annotated[
    int, WrapValidator(stock_of), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 999_999_999})
]
Line = Annotated[Typed, AfterValidator(one_line)]


def minor(price: Decimal, currency: Currency) -> int:
    """In hundredths; a fraction of what has none is refused."""
    if currency in WHOLE and price != price.to_integral_value():
        raise ValueError(f"There are no cents of {currency}.")
    return int(price.scaleb(2))


class ProductForm(SQLModel):
    """What staff say of a product."""

    name: Line = Field(min_length=1, max_length=200)
    description: Typed = Field(default="", max_length=20_000)
    currency: Currency = Currency.EUR
    price: Price
    category: Annotated[Line, StringConstraints(min_length=1, max_length=40)]
    stock: Stock = 0

    @field_validator("price")
    @classmethod
    def _of_its_currency(cls, price: Decimal, info: ValidationInfo) -> Decimal:
        if currency := info.data.get("currency"):
            minor(price, currency)
        return price

    @field_validator("description")
    @classmethod
    def _plain_line_ends(cls, description: str) -> str:
        return description.replace("\r\n", "\n")  # which browsers send, whatever was there before

    @property
    def facts(self) -> dict[str, Any]:
        """The same as plain data, as `Product.facts` has it."""
        price = typed_price(minor(self.price, self.currency), self.currency)
        plain = self.model_dump(include={"name", "description", "category", "stock"})
        return {**plain, "price": price, "currency": self.currency.value}

    def values(self) -> dict[str, Any]:
        """The columns that it fills."""
        return {
            **self.model_dump(exclude={"price"}),
            "name_key": sort_key(self.name),
            "price_minor": minor(self.price, self.currency),
        }


class ProductEdit(ProductForm):
    """The same of one that is there: `version` and `marks` are those that the form was opened with."""

    version: int = Field(ge=0, le=2**31 - 1)
    marks: str = Field(default="", max_length=200)


class ProductImportForm(SQLModel):
    """How to import what the preview showed."""

    duplicates: Literal["merge", "skip"] = "merge"


class QuickEdit(SQLModel):
    """What can be changed in the list."""

    price: Price
    stock: Stock
    version: int = Field(ge=0, le=2**31 - 1)
    marks: str = Field(default="", max_length=200)
