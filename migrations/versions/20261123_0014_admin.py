"""admin"""

from alembic import op


revision = "c4e19a7d3b52"
down_revision = "b7e5d02c91f4"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_audit_entry_record": ("audit_entry", ["kind", "key", "id"]),
    "ix_registration_newest": ("registration", ["created_at", "id"]),
    "ix_registration_newest_by_status": ("registration", ["status", "created_at", "id"]),
    "ix_user_created_at": ("user", ["created_at"]),
}
WORDS = {"user": ("email", "name"), "mail": ("recipient", "subject"), "audit_entry": ("actor", "act", "key")}
FOLDED = r"""lower(regexp_replace(translate(normalize(words, NFKD),
    E'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32)), E'[\u0300-\u036f]', '', 'g'))"""
NUMBERED = ("mail", "audit_entry")  # whose keys are numbers


def sqlite_up(table: str) -> list[str]:
    """A table whose keys are no numbers has a table of keys beside it: see the registrants'."""
    columns, fts = WORDS[table], f"{table}_fts"
    names = ", ".join(f'"{column}"' for column in columns)
    new, old = (", ".join(f'{row}."{column}"' for column in columns) for row in ("new", "old"))
    virtual = f"CREATE VIRTUAL TABLE {fts} USING fts5({names}, content='', prefix='2 3', tokenize='unicode61 remove_diacritics 2')"
    if table in NUMBERED:
        made = [virtual, f"INSERT INTO {fts}(rowid, {names}) SELECT id, {names} FROM \"{table}\""]
        index = f"INSERT INTO {fts}(rowid, {names}) VALUES (new.id, {new});"
        unindex = f"INSERT INTO {fts}({fts}, rowid, {names}) VALUES ('delete', old.id, {old});"
        new_key = old_key = ""
    else:
        key = f"{fts}_key"
        made = [
            f"CREATE TABLE {key} (key INTEGER PRIMARY KEY, {table}_id CHAR(32) NOT NULL UNIQUE)",
            virtual,
            f"INSERT INTO {key}({table}_id) SELECT id FROM \"{table}\" ORDER BY created_at",
            f"INSERT INTO {fts}(rowid, {names}) SELECT key, {names} FROM {key} JOIN \"{table}\" ON id = {table}_id",
        ]
        index = f"INSERT INTO {fts}(rowid, {names}) SELECT key, {new} FROM {key} WHERE {table}_id = new.id;"
        unindex = f"INSERT INTO {fts}({fts}, rowid, {names}) SELECT 'delete', key, {old} FROM {key} WHERE {table}_id = old.id;"
        new_key = f"INSERT INTO {key}({table}_id) VALUES (new.id);"
        old_key = f"DELETE FROM {key} WHERE {table}_id = old.id;"
    return [
        *made,
        f'CREATE TRIGGER {fts}_insert AFTER INSERT ON "{table}" BEGIN {new_key} {index} END',
        f'CREATE TRIGGER {fts}_delete AFTER DELETE ON "{table}" BEGIN {unindex} {old_key} END',
        f'CREATE TRIGGER {fts}_update AFTER UPDATE OF {names} ON "{table}" BEGIN {unindex} {index} END',
    ]


def sqlite_down(table: str) -> list[str]:
    keys = [] if table in NUMBERED else [f"DROP TABLE {table}_fts_key"]
    return [*(f"DROP TRIGGER {table}_fts_{event}" for event in ("insert", "delete", "update")), f"DROP TABLE {table}_fts", *keys]


def postgres_up(table: str) -> list[str]:
    text = " || ' ' || ".join(f'"{column}"' for column in WORDS[table])
    return [
        f"ALTER TABLE \"{table}\" ADD COLUMN words_fts tsvector GENERATED ALWAYS AS (record_words_fts({text})) STORED",
        f'CREATE INDEX ix_{table}_fts ON "{table}" USING gin (words_fts) WITH (fastupdate = off)',
    ]


def postgres_down(table: str) -> list[str]:
    return [f"DROP INDEX ix_{table}_fts", f'ALTER TABLE "{table}" DROP COLUMN words_fts']


FUNCTION = f"""CREATE FUNCTION record_words_fts(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT to_tsvector('simple', {FOLDED}) $$"""


def upgrade() -> None:
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns, unique=False)
    driver = op.get_bind()
    on_sqlite = driver.dialect.name == "sqlite"
    for statement in [] if on_sqlite else [FUNCTION]:
        driver.exec_driver_sql(statement)
    for table in WORDS:
        for statement in (sqlite_up if on_sqlite else postgres_up)(table):
            driver.exec_driver_sql(statement)


def downgrade() -> None:
    driver = op.get_bind()
    on_sqlite = driver.dialect.name == "sqlite"
    for table in WORDS:
        for statement in (sqlite_down if on_sqlite else postgres_down)(table):
            driver.exec_driver_sql(statement)
    for statement in [] if on_sqlite else ["DROP FUNCTION record_words_fts(text)"]:
        driver.exec_driver_sql(statement)
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table_name=table)
