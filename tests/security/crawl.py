"""Every route of the app, as the app itself lists them, with something plausible to send to each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from app.models.ticket import Purpose
from app.security import SAFE_METHODS
from tests.people import PASSWORD
from tests.pictures import file

Form = dict[str, Any]
ENDLESS = (  # asked for their head alone
    "webinar_seats",
    "registrations_stream",
    "webinar_numbers_stream",
    "products_stream",
    "product_stream",
    "dashboard_stream",
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route: its name, one of its methods, its path with names in braces, and the fields of its form."""

    name: str
    method: str
    path: str
    fields: tuple[str, ...] = ()

    @property
    def is_read(self) -> bool:
        return self.method == "GET"

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    def sent(self) -> dict[str, Any]:
        """Something plausible, as this route takes it: the options of a request."""
        form = FORMS.get(self.name)
        if self.name in FILES:
            kind, content = FILES[self.name]
            return {"content": content, "headers": {"Content-Type": kind, "If-Match": "*"}}
        return {"json": form, "headers": {"If-Match": "*"}} if self.is_api else {"data": form}

    @property
    def is_unsafe(self) -> bool:
        return self.method not in SAFE_METHODS


def endpoints(app: FastAPI) -> list[Endpoint]:
    """All of them, those of programs last: some delete what pages show."""
    return sorted(_endpoints(app), key=lambda each: each.is_api)


def unsafe(app: FastAPI) -> list[Endpoint]:
    return [each for each in _endpoints(app) if each.is_unsafe]


def _endpoints(app: FastAPI) -> Iterator[Endpoint]:
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        if path == "/static":
            yield Endpoint("static", "GET", "/static/icon.svg")
            continue
        assert route.name, f"{path} has no name"
        for method in ["HEAD"] if route.name in ENDLESS else route.methods or ():
            yield Endpoint(route.name, method, path, tuple(_fields(route)))


def _fields(route: Any) -> Iterator[str]:
    """Of its form. What the API takes is no form; `tests/test_api_schema.py` sends it whatever there is."""
    for parameter in () if (route.path or "").startswith("/api/") else route.dependant.body_params:
        form = parameter.field_info.annotation
        is_model = isinstance(form, type) and issubclass(form, BaseModel)
        yield from form.model_fields if is_model else (parameter.name,)


# What the links of mails are for, by the name of the route that takes their secret.
SECRETS = {
    "sign_in_link": Purpose.RESCUE,
    "use_sign_in_link": Purpose.RESCUE,
    "reset_password": Purpose.RESET_PASSWORD,
    "set_password": Purpose.RESET_PASSWORD,
    "registration": Purpose.REGISTER,
    "finish_registration": Purpose.REGISTER,
    "email_link": Purpose.CHANGE_ADDRESS,
    "use_email_link": Purpose.CHANGE_ADDRESS,
}

WEAK = "short"  # so that a form is read and refused, and a crawl hashes no password and ends no session by it
PRODUCT = {"name": "P", "price": "1.50", "currency": "EUR", "category": "C", "stock": "1"}
WEBINAR = {"title": "T", "starts": "2030-05-01T18:00", "ends": "2030-05-01T19:00", "capacity": "9"}
MESSAGE = {
    "kind": "reminder",
    "amount": "2",
    "unit": "hours",
    "audience": "seat",
    "subject": "Soon: {title}",
    "text": "Hello {name}",
}
FOLLOW_UP = {"subject": "Thank you", "text": "Hello"}
BULK = {"act": "set:name", "all": "true", "query": "?q=Nobody", "sent": "true", "to-name": "Nobody's"}
FORMS: dict[str, Form] = {
    "theme": {"theme": "dark"},
    "start_conversation": {"content": "Hello?"},
    "update_conversation": {"title": "Renamed"},
    "ask_in_conversation": {"content": "And then?"},
    "revise_question": {"content": "Rather this?"},
    "rate_answer": {"rating": "1"},
    "ask_publicly": {"content": "Is this public?"},
    "begin_session": {"email": "nobody", "password": PASSWORD},
    "send_code": {"email": "nobody@example.com"},
    "check_code": {"code": "12345678"},
    "check_second_factor": {"code": "123456"},
    "send_reset": {"email": "nobody@example.com"},
    "set_password": {"new_password": WEAK},
    "begin_registration": {"email": "somebody.new@example.com"},
    "finish_registration": {"name": "New", "new_password": WEAK},
    "rename": {"name": "Another"},
    "confirm": {"next": "/account"},
    "change_email": {"email": "elsewhere", "current_password": PASSWORD},
    "change_password": {"current_password": PASSWORD, "new_password": WEAK * 100},
    "enable_second_factor": {"secret": "nonsense", "code": "123456"},
    "delete_account": {"email": "not.mine@example.com"},
    "make_token": {"name": "Script", "scopes": "read", "days": "7"},
    "create_webinar": WEBINAR,
    "change_webinar": WEBINAR,
    "preview_description": {"description": "**Bold**"},
    "save_webinar_message": MESSAGE,
    "preview_webinar_message": MESSAGE,
    "test_webinar_message": MESSAGE,
    "save_follow_up": FOLLOW_UP,
    "send_follow_up": FOLLOW_UP,
    "create_product": PRODUCT,
    "change_product": {**PRODUCT, "version": "1"},
    "change_product_quickly": {"price": "2", "stock": "2", "version": "1"},
    "preview_product": {"description": "**Bold**"},
    "read_products": {"pasted": "name,price,category\nP,1,C"},
    "run_product_import": {"duplicates": "skip"},
    "put_product_picture": {"alt": "A lamp"},
    "export_contact": {"email": "nobody@example.com"},
    "erase_contact": {"email": "nobody@example.com"},
    "put_cover": {"alt": "Herons in the reeds"},
    "register_for_webinar": {"name": "New", "email": "new.registrant@example.com", "consent": "true"},
    "change_registration": {"name": "Another"},
    "move_registrant": {"status": "registered"},
    "put_registrant_group": {"group": "Press"},
    "add_note": {"text": "Wants to know more."},
    "read_registrations": {"pasted": "name,email\nNew,new.import@example.com"},
    "run_import": {"consent": "true"},
    "ask_bulk_records": BULK,
    "bulk_records": BULK,
    "read_records": {"pasted": "name\nNew"},
    "save_view": {"name": "Mine"},
    "change_cell": {"group": "Press"},
    "bulk_act": {"act": "group", "value": "vip", "all": "true"},
    "webinars_create": {**WEBINAR, "capacity": 9},
    "webinars_replace": {**WEBINAR, "capacity": 9},
    "webinars_change": {"title": "Changed"},
    "products_create": {**PRODUCT, "stock": 1},
    "products_replace": {**PRODUCT, "stock": 1},
    "products_change": {"stock": 2},
    "registrations_create": {"name": "New", "email": "new.registrant@example.com", "consent": True},
    "registrations_change": {"group": "press"},
    "notes_create": {"text": "Wants to know more."},
    "follow_ups_save": FOLLOW_UP,
    "follow_ups_send": FOLLOW_UP,
    "webinar_messages_create": {**MESSAGE, "amount": 2},
    "webinar_messages_change": {"amount": 3},
    "webinar_messages_preview": {"subject": "Soon: {title}", "text": "Hello {name}"},
    "webinar_messages_test": {**MESSAGE, "amount": 2},
    "imports_start": {"consent": True},
    "bulk_acts_create": {"act": "group", "value": "vip", "all": True},
    "contacts_export": {"email": "nobody@example.com"},
    "contacts_erase": {"email": "nobody@example.com"},
    "conversations_create": {"content": "Hello?"},
    "conversations_change": {"title": "Renamed"},
    "messages_create": {"content": "And then?"},
    "create_record": {"name": "Another"},
    "change_record": {"name": "Renamed"},
    "invite": {"email": "invited@example.com"},
    "change_person": {"is_active": "true"},
    "begin_impersonation": {"may_write": "true"},
}
# Files that the API takes as they are.
FILES: dict[str, tuple[str, bytes]] = {
    "covers_put": ("image/png", file()),
    "product_pictures_put": ("image/png", file()),
    "photos_put": ("image/png", file()),
    "imports_create": ("text/csv", b"name,email\nNew,new.import@example.com"),
}
