"""products"""

import fastapi_users_db_sqlalchemy.generics
import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "b7e5d02c91f4"
down_revision = "b7d20c915e4f"
branch_labels = None
depends_on = None

CURRENCIES = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HUF INR JPY KRW MXN NOK NZD PLN SEK SGD TRY USD ZAR".split()
INDEXES = {
    "name": ["name_key", "id", "category", "price_minor", "stock"],
    "price": ["price_minor", "id", "category", "currency", "stock", "name_key", "created_at"],
    "created": ["created_at", "id", "category", "price_minor", "stock"],
    "category_name": ["category", "name_key", "id", "price_minor", "stock"],
    "category_price": ["category", "price_minor", "id", "currency", "stock", "name_key", "created_at"],
    "category_created": ["category", "created_at", "id", "price_minor", "stock"],
}
BANDS = (1_000, 2_500, 5_000, 10_000, 25_000, 100_000)
PERMISSIONS = [f"product.{action}" for action in ("view", "add", "change", "delete", "export")]

group = sa.table("group", sa.column("id", sa.Integer), sa.column("name", sa.String))
permission = sa.table("group_permission", sa.column("group_id", sa.Integer), sa.column("permission", sa.String))


def band(price: str) -> str:
    """The number of the band in which a price lies, as SQL."""
    return "CASE " + " ".join(f"WHEN {price} < {end} THEN {n}" for n, end in enumerate(BANDS)) + f" ELSE {len(BANDS)} END"


# Search: as in the first migration, FTS5 tables kept in step by triggers on SQLite. What is deleted is not found.
# The figures: a row for each kind of product, changed by the same triggers' neighbours.
def _kind(row: str) -> str:
    return (
        f"category = {row}.category AND currency = {row}.currency AND band = {band(row + '.price_minor')} "
        f"AND month = substr({row}.created_at, 1, 7)"
    )


def _count(row: str, sign: str) -> str:
    """Count one product in, or out."""
    return f"""
        UPDATE product_figure SET products = products {sign} 1, in_stock = in_stock {sign} ({row}.stock > 0),
            units = units {sign} {row}.stock, price_sum = price_sum {sign} {row}.price_minor
        WHERE {_kind(row)};"""


NEW_KIND = f"""
        INSERT INTO product_figure (category, currency, band, month, products, in_stock, units, price_sum)
        SELECT new.category, new.currency, {band("new.price_minor")}, substr(new.created_at, 1, 7), 0, 0, 0, 0
        WHERE NOT EXISTS (SELECT 1 FROM product_figure WHERE {_kind("new")});"""
COUNTED = "category, currency, price_minor, stock, created_at, deleted_at"
FOUND = "name, category, description, deleted_at"
INDEX = "INSERT INTO product_fts(rowid, name, category, description) VALUES (new.id, new.name, new.category, new.description);"
UNINDEX = """INSERT INTO product_fts(product_fts, rowid, name, category, description)
        VALUES ('delete', old.id, old.name, old.category, old.description);"""
SQLITE_TRIGGERS = {
    "fts_insert": f"AFTER INSERT ON product WHEN new.deleted_at IS NULL BEGIN {INDEX} END",
    "fts_delete": f"AFTER DELETE ON product WHEN old.deleted_at IS NULL BEGIN {UNINDEX} END",
    "fts_unindex": f"BEFORE UPDATE OF {FOUND} ON product WHEN old.deleted_at IS NULL BEGIN {UNINDEX} END",
    "fts_reindex": f"AFTER UPDATE OF {FOUND} ON product WHEN new.deleted_at IS NULL BEGIN {INDEX} END",
    "figure_insert": f"AFTER INSERT ON product WHEN new.deleted_at IS NULL BEGIN {NEW_KIND} {_count('new', '+')} END",
    "figure_delete": f"AFTER DELETE ON product WHEN old.deleted_at IS NULL BEGIN {_count('old', '-')} END",
    "figure_out": f"AFTER UPDATE OF {COUNTED} ON product WHEN old.deleted_at IS NULL BEGIN {_count('old', '-')} END",
    "figure_in": f"""AFTER UPDATE OF {COUNTED} ON product WHEN new.deleted_at IS NULL BEGIN
        {NEW_KIND} {_count("new", "+")} END""",
}
SQLITE_UP = (
    """CREATE VIRTUAL TABLE product_fts USING fts5(name, category, description,
        content='product', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')""",
    *(f"CREATE TRIGGER product_{name} {body}" for name, body in SQLITE_TRIGGERS.items()),
)
SQLITE_DOWN = (*(f"DROP TRIGGER product_{name}" for name in SQLITE_TRIGGERS), "DROP TABLE product_fts")


# PostgreSQL adds what is more and what is less, once a statement. It changes no row that is there, so two changes
# never wait for each other here.
def _sum(*parts: str) -> str:
    rows = " UNION ALL ".join(
        f"SELECT *, {sign} AS sign FROM {name} WHERE deleted_at IS NULL" for name, sign in (p.split() for p in parts)
    )
    return f"""
        INSERT INTO product_figure (category, currency, band, month, products, in_stock, units, price_sum)
        SELECT category, currency, {band("price_minor")}, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM'),
            sum(sign), sum(CASE WHEN stock > 0 THEN sign ELSE 0 END), sum(sign * stock::bigint), sum(sign * price_minor)
        FROM ({rows}) AS changed GROUP BY 1, 2, 3, 4
        HAVING sum(sign) <> 0 OR sum(CASE WHEN stock > 0 THEN sign ELSE 0 END) <> 0
            OR sum(sign * stock::bigint) <> 0 OR sum(sign * price_minor) <> 0;"""


CHANGES = {
    "insert": ("NEW TABLE AS new_rows", ("new_rows 1",)),
    "update": ("OLD TABLE AS old_rows NEW TABLE AS new_rows", ("old_rows -1", "new_rows 1")),
    "delete": ("OLD TABLE AS old_rows", ("old_rows -1",)),
}
POSTGRESQL_UP = (
    """ALTER TABLE product ADD COLUMN text_fts tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', category), 'B')
        || setweight(to_tsvector('english', description), 'D')) STORED""",
    "CREATE INDEX ix_product_fts ON product USING gin (text_fts) WHERE deleted_at IS NULL",
    *(
        statement
        for event, (tables, parts) in CHANGES.items()
        for statement in (
            f"""CREATE FUNCTION product_figure_{event}() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN {_sum(*parts)} RETURN NULL; END $$""",
            f"""CREATE TRIGGER product_figure_{event} AFTER {event.upper()} ON product REFERENCING {tables}
                FOR EACH STATEMENT EXECUTE FUNCTION product_figure_{event}()""",
        )
    ),
)
POSTGRESQL_DOWN = (
    *(f"DROP TRIGGER product_figure_{event} ON product" for event in CHANGES),
    *(f"DROP FUNCTION product_figure_{event}()" for event in CHANGES),
    "DROP INDEX ix_product_fts",
)


def execute(sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    for statement in sqlite if op.get_bind().dialect.name == "sqlite" else postgresql:
        op.execute(sa.text(statement.replace(":", "\\:")))


def upgrade() -> None:
    timestamp = fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware(timezone=True)
    live, deleted = sa.text("deleted_at IS NULL"), sa.text("deleted_at IS NOT NULL")
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column(
            "name_key", sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(length=20000), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Enum(*CURRENCIES, name="currency", native_enum=False, length=3), nullable=False),
        sa.Column("category", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", timestamp, nullable=False),
        sa.Column("updated_at", timestamp, nullable=False),
        sa.Column("deleted_at", timestamp, nullable=True),
        sa.CheckConstraint("price_minor >= 0 AND price_minor < 1000000000000", name=op.f("ck_product_price")),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_product_stock")),
        sa.CheckConstraint("name <> '' AND category <> ''", name=op.f("ck_product_names")),
        sa.CheckConstraint(
            f"currency IN ({', '.join(repr(each) for each in CURRENCIES)})", name=op.f("ck_product_currency")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
    )
    op.create_index("ix_product_slug", "product", ["slug"], unique=True)
    for name, columns in INDEXES.items():
        op.create_index(f"ix_product_{name}", "product", columns, sqlite_where=live, postgresql_where=live)
    op.create_index("ix_product_deleted", "product", ["deleted_at"], sqlite_where=deleted, postgresql_where=deleted)
    op.create_table(
        "product_figure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("band", sa.Integer(), nullable=False),
        sa.Column("month", sqlmodel.sql.sqltypes.AutoString(length=7), nullable=False),
        sa.Column("products", sa.BigInteger(), nullable=False),
        sa.Column("in_stock", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("price_sum", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_figure")),
    )
    op.create_index("ix_product_figure_kind", "product_figure", ["category", "currency", "band", "month"])
    execute(SQLITE_UP, POSTGRESQL_UP)
    _allow("marketing")


def _allow(name: str) -> None:
    bind = op.get_bind()
    id = bind.scalar(sa.select(group.c.id).where(group.c.name == name))
    if id is None:
        return
    there = set(bind.scalars(sa.select(permission.c.permission).where(permission.c.group_id == id)))
    if new := [each for each in PERMISSIONS if each not in there]:
        bind.execute(permission.insert(), [{"group_id": id, "permission": each} for each in new])


def downgrade() -> None:
    bind = op.get_bind()
    id = bind.scalar(sa.select(group.c.id).where(group.c.name == "marketing"))
    bind.execute(permission.delete().where(permission.c.group_id == id, permission.c.permission.in_(PERMISSIONS)))
    execute(SQLITE_DOWN, POSTGRESQL_DOWN)
    op.drop_table("product_figure")
    op.drop_table("product")
