"""the registrants' table"""

import sqlalchemy as sa
from alembic import op


revision = "b8f2d61c0a97"
down_revision = "a6c02e95d7b4"
branch_labels = None
depends_on = None

# For each order of the table an index that holds what its filters and its rule ask for too.
INDEXES = {
    "ix_registration_by_number": ["webinar_id", "number", "id", "status", "group", "rep_id"],
    "ix_registration_by_name": [
        "webinar_id", sa.text("lower(name)"), "number", "id", "status", "group", "rep_id", "name",
    ],
    "ix_registration_by_email": ["webinar_id", "email", "number", "id", "status", "group", "rep_id"],
    "ix_registration_by_status": ["webinar_id", "status", "number", "id", "group", "rep_id"],
    "ix_registration_by_group": ["webinar_id", "group", "number", "id", "status", "rep_id"],
    "ix_registration_by_created": ["webinar_id", "created_at", "number", "id", "status", "group", "rep_id"],
    "ix_registration_by_rep": ["rep_id", "webinar_id", "status", "group"],
}
# What these take the place of.
BEFORE = {
    "ix_registration_queue": ["webinar_id", "status", "number"],
    "ix_registration_webinar_id": ["webinar_id"],
    "ix_registration_rep_id": ["rep_id"],
}

# SQLite: the text stays where it is, and triggers keep the index in step. The rows of a table without a number of its
# own may get other numbers when the file is vacuumed, so a table of keys stands between; its keys grow with the numbers
# in which people came.
NEW_KEY = "INSERT INTO registration_fts_key(registration_id, webinar_id) VALUES (new.id, new.webinar_id);"
OLD_KEY = "DELETE FROM registration_fts_key WHERE registration_id = old.id;"
TEXT = "{0}.name, {0}.email, (SELECT group_concat(value, ' ') FROM json_each({0}.answers))"
INDEX = f"""INSERT INTO registration_fts(rowid, name, email, answers)
    SELECT key, {TEXT.format("new")} FROM registration_fts_key WHERE registration_id = new.id;"""
UNINDEX = f"""INSERT INTO registration_fts(registration_fts, rowid, name, email, answers)
    SELECT 'delete', key, {TEXT.format("old")} FROM registration_fts_key WHERE registration_id = old.id;"""
SQLITE_UP = (
    """CREATE TABLE registration_fts_key (
        key INTEGER PRIMARY KEY, registration_id CHAR(32) NOT NULL UNIQUE, webinar_id CHAR(32) NOT NULL)""",
    """CREATE VIRTUAL TABLE registration_fts USING fts5(
        name, email, answers, content='', prefix='2 3', tokenize='unicode61 remove_diacritics 2')""",
    """INSERT INTO registration_fts_key(registration_id, webinar_id)
        SELECT id, webinar_id FROM registration ORDER BY number""",
    f"""INSERT INTO registration_fts(rowid, name, email, answers) SELECT key, {TEXT.format("registration")}
        FROM registration_fts_key JOIN registration ON registration.id = registration_fts_key.registration_id""",
    f"CREATE TRIGGER registration_fts_insert AFTER INSERT ON registration BEGIN {NEW_KEY} {INDEX} END",
    f"CREATE TRIGGER registration_fts_delete AFTER DELETE ON registration BEGIN {UNINDEX} {OLD_KEY} END",
    f"""CREATE TRIGGER registration_fts_update AFTER UPDATE OF name, email, answers, number ON registration
        WHEN new.number = old.number BEGIN {UNINDEX} {INDEX} END""",
    f"""CREATE TRIGGER registration_fts_renumber AFTER UPDATE OF number ON registration
        WHEN new.number <> old.number BEGIN {UNINDEX} {OLD_KEY} {NEW_KEY} {INDEX} END""",
)
SQLITE_DOWN = (
    *(f"DROP TRIGGER registration_fts_{event}" for event in ("insert", "delete", "update", "renumber")),
    "DROP TABLE registration_fts",
    "DROP TABLE registration_fts_key",
)
# PostgreSQL: words without accents and signs, which its parser would take for parts of addresses and numbers.
FOLDED = r"""lower(regexp_replace(translate(normalize({0}, NFKD),
    E'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{{|}}~', repeat(' ', 32)), E'[\u0300-\u036f]', '', 'g'))"""
ANSWERS = """coalesce((SELECT string_agg(value, ' ') FROM json_each_text(
    CASE json_typeof(answers) WHEN 'object' THEN answers ELSE '{}' END)), '')"""
POSTGRESQL_UP = (
    f"""CREATE FUNCTION registration_words_fts(name text, email text, answers json) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT setweight(to_tsvector('simple', {FOLDED.format("name || ' ' || email")}), 'A')
                || setweight(to_tsvector('simple', {FOLDED.format(ANSWERS)}), 'B')
        $$""",
    """ALTER TABLE registration ADD COLUMN words_fts tsvector
        GENERATED ALWAYS AS (registration_words_fts(name, email, answers)) STORED""",
    # Without a list of what is still to be put into the index, which every search would read from end to end.
    "CREATE INDEX ix_registration_fts ON registration USING gin (words_fts) WITH (fastupdate = off)",
)
POSTGRESQL_DOWN = (
    "DROP INDEX ix_registration_fts",
    "ALTER TABLE registration DROP COLUMN words_fts",
    "DROP FUNCTION registration_words_fts(text, text, json)",
)


def execute(sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    driver = op.get_bind()
    for statement in sqlite if driver.dialect.name == "sqlite" else postgresql:
        driver.exec_driver_sql(statement)


def exchange(old: dict[str, list], new: dict[str, list]) -> None:
    for name in old:
        op.drop_index(name, table_name="registration")
    for name, columns in new.items():
        op.create_index(name, "registration", columns, unique=False)


def upgrade() -> None:
    exchange(BEFORE, INDEXES)
    execute(SQLITE_UP, POSTGRESQL_UP)


def downgrade() -> None:
    execute(SQLITE_DOWN, POSTGRESQL_DOWN)
    exchange(INDEXES, BEFORE)
