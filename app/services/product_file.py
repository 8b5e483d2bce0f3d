"""The list of products as CSV. Each look has a short transaction of its own, as the request's is over by then."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from app.db import Database
from app.errors import Invalid
from app.models.product import typed_price
from app.repositories.keyset import Place
from app.repositories.products import EXPORTED, ProductRepository, Wanted
from app.repositories.visibility import Rights
from app.services import csv_file
from app.services.product_list import View

EXPORTED_AT_ONCE = 500
COLUMNS = ("slug", "name", "price", "currency", "category", "stock", "description", "created", "updated")


class ProductFile:
    def __init__(self, database: Database) -> None:
        self.database = database

    def lines(self, rights: Rights, view: View) -> AsyncIterator[str]:
        """All that the view asks for, on all of its pages, some rows at a time."""
        rights.check("product.export")
        if problems := view.problems:
            raise Invalid(" ".join(problems.values()))
        return self._lines(view.wanted, is_none=bool(view.q.strip() and not view.words))

    async def _lines(self, wanted: Wanted, *, is_none: bool) -> AsyncIterator[str]:
        yield csv_file.line(COLUMNS)
        wanted = replace(wanted, sort="newest") if wanted.sort == "best" else wanted
        after: Place | None = None
        while not is_none:
            async with self.database.transaction() as session:
                found = await ProductRepository(session).slice(wanted, after, EXPORTED_AT_ONCE, EXPORTED)
            yield "".join(csv_file.line(_cells(*row[: len(EXPORTED)])) for row in found.rows)
            after = found.end
            is_none = after is None


def _cells(slug: str, name: str, price: int, currency: str, *rest: Any) -> list[object]:
    *facts, created, updated = rest
    return [slug, name, typed_price(price, currency), currency, *facts, created.isoformat(), updated.isoformat()]
