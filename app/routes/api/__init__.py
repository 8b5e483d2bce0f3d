"""The JSON API, one module for each kind of resource. `app/api/` holds the rules that all of them keep."""

from app.api.routing import ApiRouter
from app.routes.api import (
    contacts,
    conversations,
    documents,
    follow_ups,
    jobs,
    many_registrants,
    me,
    notes,
    numbers,
    pictures,
    product_pictures,
    products,
    reference,
    registrations,
    webinar_messages,
    webinars,
)

router = ApiRouter("/api/v1")
FOR_STAFF = (pictures, notes, follow_ups, webinar_messages, many_registrants, jobs, numbers, contacts)
SHOP = (products, product_pictures)
for module in (me, webinars, registrations, *FOR_STAFF, *SHOP, conversations, documents, reference):
    router.include_router(module.router)
