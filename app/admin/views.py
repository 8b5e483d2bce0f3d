"""The tables of the panel. A view says what SQLAdmin's `ModelView` takes; a plain model has the defaults."""

from collections.abc import Mapping
from typing import Any

from app.admin.forms import refused
from app.admin.records import Inline, Names, Panel, Records
from app.models.api_token import ApiToken
from app.models.audit import AuditEntry
from app.models.conversation import Citation, Conversation, Message
from app.models.document import Document, Passage
from app.models.event import Event
from app.models.follow_up import FollowUp
from app.models.group import Group, GroupMember, GroupPermission
from app.models.job import Job
from app.models.mail import Mail
from app.models.picture import Picture
from app.models.product import WHOLE, Product, ProductForm
from app.models.registrant_forms import NoteForm
from app.models.saved_view import SavedView
from app.models.user import AccessToken, User
from app.models.webinar import Note, Registration, Webinar
from app.models.webinar_message import Delivery, Notice, WebinarMessage
from app.repositories import record_search
from app.repositories.visibility import Rights


class ReadOnly(Records):
    """What the site itself writes."""

    can_create = can_edit = can_delete = False


class UserAdmin(Records, model=User):
    """Accounts begin with an invitation, and their rank and groups change on the page of the person."""

    kind, label, subject, needs_password = "user", "email", "id", True
    category = "People"
    home = "/people"
    can_create = can_delete = False
    secret = ("hashed_password", "totp_secret", "totp_step")
    column_list = ("email", "name", "is_active", "is_staff", "is_superuser", "is_guest", "created_at")
    words = record_search.USERS
    column_searchable_list = ("email", "name")
    filters = ("is_active", "is_staff", "is_superuser", "is_verified", "is_guest", "created_at")
    column_default_sort = ("created_at", True)
    form_columns = ("name",)
    inlines = (Inline(GroupMember.user_id), Inline(AccessToken.user_id), Inline(ApiToken.user_id))

    def elsewhere(self, row: User, _names: Names) -> str:
        return "" if row.is_guest else f"/people/{row.id}"


class GroupAdmin(Records, model=Group):
    label, needs_password, category = "name", True, "People"
    column_searchable_list = ("name",)
    inlines = (Inline(GroupMember.group_id), Inline(GroupPermission.group_id))


class MemberAdmin(Records, model=GroupMember):
    name, subject, needs_password, category = "Member", "user_id", True, "People"
    form_columns = ("group_id", "user_id")
    filters = ("group_id", "user_id")
    can_edit = False


class PermissionAdmin(Records, model=GroupPermission):
    name, needs_password, category = "Permission", True, "People"
    form_columns = ("group_id", "permission")
    filters = ("group_id", "permission")
    can_edit = False


class SessionAdmin(Records, model=AccessToken):
    """To delete one ends it."""

    name, subject, needs_password, category = "Session", "user_id", True, "People"
    column_list = ("user_id", "device", "address", "created_at", "seen_at")
    filters = ("user_id", "created_at")
    column_default_sort = ("created_at", True)
    can_create = can_edit = can_export = False


class ApiTokenAdmin(Records, model=ApiToken):
    name, label, subject, category = "API token", "prefix", "user_id", "People"
    needs_password = True
    secret = ("digest",)
    filters = ("user_id",)
    can_create = can_edit = can_export = False


class ProductAdmin(Records, model=Product):
    kind, label, category = "product", "slug", "Products"
    home = "/products"
    column_list = ("name", "picture_id", "category", "price_minor", "currency", "stock", "created_at")
    column_labels = {"price_minor": "Price"}
    words = record_search.PRODUCTS
    column_searchable_list = ("name", "category")
    filters = ("category", "currency", "created_at", "deleted_at")
    column_default_sort = ("id", True)
    form_columns = ("name", "category", "price_minor", "currency", "stock", "description")
    quick = ("stock", "category")

    def problems(self, values: Mapping[str, Any]) -> dict[str, str]:
        """What a currency has no room for is wrong with whichever of the two is changed."""
        currency, price = values.get("currency"), values.get("price_minor", 0)
        says = f"There are no cents of {currency}." if currency in WHOLE and price % 100 else ""
        told = {name: problem for name, problem in refused(ProductForm, values).items() if name in self.form_columns}
        return super().problems(values) | told | ({"price_minor": says, "currency": says} if says else {})

    def elsewhere(self, row: Product, _names: Names) -> str:
        return row.path


class WebinarAdmin(Records, model=Webinar):
    """It is made and changed at the desk, which writes to those whom a change concerns."""

    kind, label, category = "webinar", "slug", "Webinars"
    home = "/webinars"
    column_list = ("title", "cover_id", "status", "starts_at", "capacity", "taken")
    column_searchable_list = ("title", "speakers")
    filters = ("status", "starts_at")
    column_default_sort = ("starts_at", True)
    inlines = (
        Inline(Registration.webinar_id, ("name", "email", "status", "group", "rep_id")),
        Inline(WebinarMessage.webinar_id, ("subject", "kind", "minutes", "audience", "is_active")),
    )
    can_create = can_edit = can_delete = False

    def elsewhere(self, row: Webinar, _names: Names) -> str:
        return f"/desk/webinars/{row.slug}/edit"


class RegistrationAdmin(Records, model=Registration):
    """Where somebody stands changes at the desk, which counts the seats."""

    kind, category = "registration", "Webinars"
    column_list = ("name", "photo_id", "email", "webinar_id", "status", "group", "rep_id", "created_at")
    column_labels = {"rep_id": "Sales rep"}
    words = record_search.REGISTRATIONS
    column_searchable_list = ("name", "email")
    filters = ("webinar_id", "status", "rep_id", "group", "source", "created_at", "attended_at")
    column_default_sort = ("created_at", True)
    form_columns = ("name", "group", "source", "rep_id")
    quick = ("group", "source")
    inlines = (Inline(Note.registration_id), Inline(FollowUp.registration_id))
    can_create = False

    def elsewhere(self, row: Registration, names: Names) -> str:
        slug = names.get(("webinar", row.webinar_id))
        return f"/desk/webinars/{slug}/registrations/{row.id}" if slug else ""


class NoteAdmin(Records, model=Note):
    """What it says goes with it: it is about somebody who may want to be forgotten."""

    unlogged = ("text",)
    kind, category = "registration", "Webinars"
    column_list = ("author", "text", "created_at")
    filters = ("author_id", "created_at")
    form_columns = ("registration_id", "text")
    quick = ("text",)

    def may(self, rights: Rights, action: str) -> bool:
        """Whoever may change a registration adds notes to it."""
        return super().may(rights, "change" if action == "add" else action)

    def problems(self, values: Mapping[str, Any]) -> dict[str, str]:
        return super().problems(values) | refused(NoteForm, values)


class FollowUpAdmin(ReadOnly, model=FollowUp):
    kind, name, category = "registration", "Follow-up", "Webinars"
    secret = ("writer", "heartbeat_at", "stop_requested")


class WebinarMessageAdmin(ReadOnly, model=WebinarMessage):
    kind, name, category = "webinar", "Message to registrants", "Webinars"
    name_plural = "Messages to registrants"


class DocumentAdmin(ReadOnly, model=Document):
    kind, label, category, parts = "document", "slug", "Knowledge", (Passage,)
    home = "/documents"
    column_list = ("title", "slug", "updated_at")
    column_searchable_list = ("title", "slug")

    def elsewhere(self, row: Document, _names: Names) -> str:
        return f"/documents/{row.slug}"


class ConversationAdmin(ReadOnly, model=Conversation):
    """Who asks how much, and not what: nobody reads what others ask in private."""

    category = "Knowledge"
    inlines = (Inline(Message.conversation_id, ("role", "status", "model", "completion_tokens", "created_at")),)
    secret = ("title", "instructions", "ask_key")
    filters = ("user_id", "created_at")
    column_default_sort = ("updated_at", True)
    can_export = False


class AnswerAdmin(ReadOnly, model=Message):
    """What answers took, and not what they say."""

    name, category, parts = "Answer", "Knowledge", (Citation,)
    secret = ("text", "error", "reason")
    filters = ("status", "model", "created_at")
    column_default_sort = ("id", True)
    can_export = False


class AuditAdmin(ReadOnly, model=AuditEntry):
    kind, name, name_plural, category = "audit", "Audit entry", "Audit log", "Site"
    column_list = ("at", "act", "actor", "kind", "key", "address")
    words = record_search.AUDIT
    column_searchable_list = ("actor", "act", "key")
    filters = ("act", "kind", "actor_id", "at")
    column_default_sort = ("id", True)


class MailAdmin(ReadOnly, model=Mail):
    """The outbox. What a mail says stays between its writer and its reader: it may hold a link that signs in."""

    category = "Site"
    secret = ("text", "html", "calendar", "unsubscribe")
    column_list = ("recipient", "subject", "status", "attempts", "created_at", "sent_at")
    words = record_search.MAILS
    column_searchable_list = ("recipient", "subject")
    filters = ("status", "created_at")
    column_default_sort = ("created_at", True)


class JobAdmin(ReadOnly, model=Job):
    category = "Site"
    home = "/desk/jobs"
    column_list = ("title", "owner_id", "state", "done", "total", "created_at")
    filters = ("state", "owner_id", "created_at")
    column_default_sort = ("created_at", True)

    def elsewhere(self, row: Job, _names: Names) -> str:
        return f"/desk/jobs/{row.id}"


class EventAdmin(ReadOnly, model=Event):
    category = "Site"
    column_default_sort = ("id", True)


class SavedViewAdmin(ReadOnly, model=SavedView):
    name, name_plural, category = "Saved view", "Saved views", "Site"


class PictureAdmin(ReadOnly, model=Picture):
    category = "Site"


class DeliveryAdmin(ReadOnly, model=Delivery):
    kind, category = "registration", "Webinars"
    name_plural = "Deliveries"


class NoticeAdmin(ReadOnly, model=Notice):
    kind, category = "webinar", "Webinars"


VIEWS = (
    *(UserAdmin, GroupAdmin, MemberAdmin, PermissionAdmin, SessionAdmin, ApiTokenAdmin),
    *(WebinarAdmin, RegistrationAdmin, NoteAdmin, FollowUpAdmin, WebinarMessageAdmin, DeliveryAdmin, NoticeAdmin),
    *(ProductAdmin, DocumentAdmin, ConversationAdmin, AnswerAdmin),
    *(AuditAdmin, MailAdmin, JobAdmin, EventAdmin, PictureAdmin, SavedViewAdmin),
)
PANEL = Panel(VIEWS)
