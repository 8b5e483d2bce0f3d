"""Where an answer leads: what was made is the one that these other operations take."""

from collections.abc import Mapping
from typing import Any

SLUG = {"slug": "$response.body#/slug"}
REGISTRATION = {"slug": "$response.body#/webinar", "registration_id": "$response.body#/id"}
CONVERSATION = {"conversation_id": "$response.body#/conversation/id"}
MESSAGE = {**CONVERSATION, "message_id": "$response.body#/answer/id"}
VERSION = {"If-Match": "$response.header.ETag"}
LINKS: Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]] = {
    ("webinars_create", "201"): {
        "webinars_get": SLUG,
        "webinars_replace": SLUG | VERSION,
        "webinars_change": SLUG | VERSION,
        "webinars_publish": SLUG,
        "registrations_list": SLUG,
    },
    ("webinars_publish", "200"): {"webinars_cancel": SLUG, "registrations_create": SLUG},
    ("registrations_create", "201"): {
        "registrations_get": REGISTRATION,
        "registrations_change": REGISTRATION | VERSION,
        "registrations_cancel": REGISTRATION,
        "registrations_check_in": REGISTRATION,
    },
    ("products_create", "201"): {
        "products_get": SLUG,
        "products_replace": SLUG | VERSION,
        "products_change": SLUG | VERSION,
        "products_delete": SLUG | VERSION,
        "products_restore": SLUG,
    },
    ("conversations_create", "201"): {
        "conversations_get": CONVERSATION,
        "messages_list": CONVERSATION,
        "messages_get": MESSAGE,
    },
    ("messages_create", "202"): {"messages_get": MESSAGE},
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
