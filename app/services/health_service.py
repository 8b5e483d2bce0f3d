"""Whether this app can do its work."""

from sqlalchemy.exc import SQLAlchemyError

from app import migrations
from app.errors import Unavailable
from app.repositories.schema import SchemaRepository


class HealthService:
    def __init__(self, schema: SchemaRepository) -> None:
        self.schema = schema

    async def check(self) -> None:
        """Raise `Unavailable` unless the database answers and has the schema that this code expects."""
        try:
            revision = await self.schema.revision()
        except (SQLAlchemyError, OSError) as error:
            raise Unavailable("The database does not answer, or was never migrated: run `fastopp migrate`.") from error
        if revision != (head := migrations.head()):
            raise Unavailable(f"The database is at migration {revision}, not {head}: run `fastopp migrate`.")
