"""The JSON API, one module for each kind of resource. `app/api/` holds the rules that all of them keep."""

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

# In the order in which they are looked through: what programs ask for most comes first.
FOR_STAFF = (pictures, notes, follow_ups, webinar_messages, many_registrants, jobs, numbers, contacts)
MODULES = (
    *(products, product_pictures, conversations, webinars, registrations),
    *(*FOR_STAFF, documents, me, reference),
)
