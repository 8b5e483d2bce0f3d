"""Where an answer leads: what was made is the one that these other operations take."""

from collections.abc import Mapping
from typing import Any

SLUG = {"slug": "$response.body#/slug"}
REGISTRATION = {"slug": "$response.body#/webinar", "registration_id": "$response.body#/id"}
CONVERSATION = {"conversation_id": "$response.body#/conversation/id"}
MESSAGE = {**CONVERSATION, "message_id": "$response.body#/answer/id"}
JOB = {"job_id": "$response.body#/id"}
VERSION = {"If-Match": "$response.header.ETag"}
NOTE = {name: f"$request.path.{name}" for name in ("slug", "registration_id")} | {"note_id": "$response.body#/id"}
MESSAGE_OF_WEBINAR = {"slug": "$request.path.slug", "webinar_message_id": "$response.body#/id"}
LINKS: Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]] = {
    ("webinars_create", "201"): {
        "webinars_get": SLUG,
        "webinars_replace": SLUG | VERSION,
        "webinars_change": SLUG | VERSION,
        "webinars_publish": SLUG,
        "registrations_list": SLUG,
        "webinar_messages_create": SLUG,
        "imports_create": SLUG,
        "numbers_get": SLUG,
    },
    ("webinars_publish", "200"): {"webinars_cancel": SLUG, "registrations_create": SLUG},
    ("registrations_create", "201"): {
        "registrations_get": REGISTRATION,
        "registrations_change": REGISTRATION | VERSION,
        "registrations_cancel": REGISTRATION,
        "registrations_check_in": REGISTRATION,
        "registrations_check_out": REGISTRATION | VERSION,
        "notes_create": REGISTRATION,
        "follow_ups_get": REGISTRATION,
    },
    ("products_create", "201"): {
        "products_get": SLUG,
        "products_replace": SLUG | VERSION,
        "products_change": SLUG | VERSION,
        "products_delete": SLUG | VERSION,
        "product_pictures_delete": SLUG | VERSION,
        "products_restore": SLUG,
    },
    ("notes_create", "201"): {"notes_get": NOTE, "notes_delete": NOTE | VERSION},
    ("webinar_messages_create", "201"): {
        "webinar_messages_get": MESSAGE_OF_WEBINAR,
        "webinar_messages_change": MESSAGE_OF_WEBINAR | VERSION,
    },
    ("imports_create", "201"): {
        "imports_get": {"slug": "$request.path.slug", "job_id": "$response.body#/job/id"},
        "imports_start": {"slug": "$request.path.slug", "job_id": "$response.body#/job/id"},
    },
    ("imports_start", "202"): {"jobs_get": JOB},
    ("bulk_acts_create", "202"): {"jobs_get": JOB, "jobs_undo": JOB},
    ("conversations_create", "201"): {
        "conversations_get": CONVERSATION,
        "messages_list": CONVERSATION,
        "messages_get": MESSAGE,
    },
    ("messages_create", "202"): {"messages_get": MESSAGE, "messages_stop": MESSAGE},
    ("conversations_get", "200"): {
        "conversations_change": {"conversation_id": "$response.body#/id", **VERSION},
        "conversations_delete": {"conversation_id": "$response.body#/id", **VERSION},
        "messages_create": {"conversation_id": "$response.body#/id"},
    },
    ("products_list", "200"): {"products_get": {"slug": "$response.body#/items/0/slug"}},
    ("documents_list", "200"): {"documents_get": {"slug": "$response.body#/items/0/slug"}},
}


def links(operation: str, status: str) -> dict[str, Any]:
    """By the operations that they lead to."""
    found = LINKS.get((operation, status), {})
    return {name: {"operationId": name, "parameters": dict(values)} for name, values in found.items()}
