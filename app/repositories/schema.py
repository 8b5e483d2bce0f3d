"""What the database says of itself."""

from sqlalchemy import text

from app.repositories.base import Repository


class SchemaRepository(Repository):
    async def revision(self) -> str:
        """The last migration that ran; raises when there was none."""
        return str((await self.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())
