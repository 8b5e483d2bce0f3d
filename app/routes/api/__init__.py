"""The JSON API, one module for each kind of resource. `app/api/` holds the rules that all of them keep."""

from app.api.routing import ApiRouter
from app.routes.api import conversations, documents, me, products, reference, registrations, webinars

router = ApiRouter("/api/v1")
for module in (me, webinars, registrations, products, conversations, documents, reference):
    router.include_router(module.router)
