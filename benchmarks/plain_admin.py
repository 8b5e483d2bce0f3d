"""SQLAdmin as its documentation sets it up, over the registrations of a benchmark: `plain_admin PORT DATABASE_URL`."""

import sys

import uvicorn
from fastapi import FastAPI
from sqladmin import Admin, ModelView
from sqlalchemy.ext.asyncio import create_async_engine

from app.models.webinar import Registration


class RegistrationAdmin(ModelView, model=Registration):
    column_list = ("name", "email", "webinar_id", "status", "group", "rep_id", "created_at")
    column_searchable_list = ("name", "email")
    column_sortable_list = ("email", "created_at")
    column_default_sort = ("created_at", True)
    page_size = 50


def main() -> None:
    app = FastAPI()
    Admin(app, create_async_engine(sys.argv[2])).add_view(RegistrationAdmin)

    @app.get("/health/ready")
    async def ready() -> dict[str, str]:
        return {}

    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
