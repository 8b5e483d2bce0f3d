"""Who gets where: every route of the app, asked by everybody, compared with one table.

A route that is not in the table fails by its name, and so does a row without a route. Paths name what is the owner's,
so that for all others it is somebody else's.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col

from app.config import Settings
from app.models.user import User
from tests.browser import Browser
from tests.conftest import OpenApp, in_production
from tests.people import age_sessions, make_user, sign_in
from tests.security.crawl import Endpoint, endpoints
from tests.security.scene import OWNER, PEOPLE, Scene, heading, make_scene, many, session_cookie

# ok: let in. sign-in: asked to sign in (401). password: asked for it again (403), and let in with it. password/no: then
# refused all the same. no: not allowed (403). none: nothing there, or not theirs to see (404). over: 410.
# token: an API token is needed (401).
ROLES = ("anonymous", "guest", "user", "marketing", "sales", "support", "staff", "superuser", "owner")
EVERYBODY = ("ok",) * 9
NOBODY = ("over",) * 9  # without a half-done sign-in, which only one browser has
PERSON = ("sign-in",) * 2 + ("ok",) * 7
CONFIRMED = ("sign-in",) * 2 + ("password",) * 7
OWNERS = ("none",) * 8 + ("ok",)
STAFF = ("sign-in", "sign-in", "no", "ok", "ok", "ok", "ok", "ok", "no")
SEES_PEOPLE = ("sign-in", "sign-in", "no", "none", "none", "ok", "none", "ok", "no")
CHANGES_PEOPLE = ("sign-in", "sign-in", "no", "none", "none", "password/no", "none", "password", "no")
WEBINARS = ("sign-in", "sign-in", "no", "ok", "no", "no", "no", "ok", "no")
SEES_REGISTRATIONS = ("sign-in", "sign-in", "no", "ok", "ok", "ok", "no", "ok", "no")
ERASES = ("sign-in", "sign-in", "no", "password", "no", "no", "no", "password", "no")
EXPORTS = ("sign-in", "sign-in", "no", "ok", "ok", "no", "no", "ok", "no")
REGISTRANT = ("sign-in", "sign-in", "no", "ok", "none", "ok", "no", "ok", "no")
DECIDES = ("sign-in", "sign-in", "no", "ok", "none", "no", "no", "ok", "no")
AUTHORS = ("sign-in", "sign-in", "no", "none", "none", "no", "no", "none", "no")
NO_JOB_THERE = ("sign-in", "sign-in", "no", "none", "no", "no", "no", "ok", "no")
JOBS = ("sign-in", "sign-in", "no", "none", "none", "none", "none", "ok", "no")
DELETES_PRODUCTS = ("sign-in", "sign-in", "no", "ok", "none", "none", "none", "ok", "no")  # it is gone by then
# The panel, asked for a table of superusers: tests/security/test_admin_rights.py has all the others.
PANEL_WITH_PASSWORD = ("sign-in", "sign-in", "no", "none", "none", "none", "none", "password", "no")
PANEL_WITHOUT_ENTRY = ("sign-in", "sign-in", "no", "none", "none", "none", "none", "password/none", "no")
STOPS_ANSWERS = ("sign-in", "sign-in", "no", "no", "no", "no", "no", "ok", "no")
INVITES = ("sign-in", "sign-in", "no", "no", "no", "no", "no", "password", "no")
# The API asks for a token, or for the session of a page, be it a guest's.
EVERYBODY_KNOWN = ("token",) + ("ok",) * 8
ALL_OF_ONES_OWN = ("token", "sign-in") + ("password",) * 7
OWN_CONVERSATIONS = ("token",) + ("none",) * 7 + ("ok",)
API_WEBINARS = ("token", "no", "no", "ok", "no", "no", "no", "ok", "no")
API_SEES_REGISTRATIONS = ("token", "no", "no", "ok", "ok", "ok", "no", "ok", "no")
API_DELETES = ("token", "no", "no", "ok", "no", "no", "no", "none", "no")  # it is gone by then
API_EXPORTS = ("token", "no", "no", "ok", "ok", "no", "no", "ok", "no")
API_STAFF = ("token", "no", "no", "ok", "ok", "ok", "ok", "ok", "no")
API_SEES = ("token", "no", "no", "ok", "none", "ok", "no", "ok", "no")
API_DECIDES = ("token", "no", "no", "ok", "none", "no", "no", "ok", "no")
API_NO_NOTE = ("token", "no", "no", "none", "none", "none", "no", "none", "no")
API_NO_IMPORT = ("token", "no", "no", "none", "no", "no", "no", "ok", "no")
API_JOBS = ("token", "no", "no", "none", "none", "none", "none", "ok", "no")
API_ERASES = ("token", "no", "no", "password", "no", "no", "no", "password", "no")
API_REGISTRANT = ("token", "none", "none", "ok", "none", "ok", "none", "ok", "ok")
API_CHANGES = ("token", "no", "no", "ok", "none", "no", "none", "ok", "no")
API_DELETES_PRODUCTS = ("token", "no", "no", "ok", "none", "none", "none", "none", "no")  # it is gone by then
API_CANCELS = ("token", "none", "none", "ok", "none", "no", "none", "ok", "ok")
# The panel's lists, of a table of superusers, and a cell of a registration.
LISTS = ("sign-in", "sign-in", "no", "none", "none", "none", "none", "ok", "no")
LISTS_WITH_PASSWORD = ("sign-in", "sign-in", "no", "none", "none", "none", "none", "password", "no")
NO_VIEW_THERE = ("sign-in", "sign-in", "no", "none", "none", "none", "none", "none", "no")
CELLS = ("sign-in", "sign-in", "no", "ok", "none", "no", "none", "ok", "no")
SEES_CELLS = ("sign-in", "sign-in", "no", "ok", "none", "ok", "none", "ok", "no")

TABLE: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        EVERYBODY,
        """
        home theme static documents document live ready
        chat start_conversation ask ask_publicly answer_page
        sign_in send_code code second_factor begin_session sign_out
        forgot_password send_reset register begin_registration
        sign_in_link use_sign_in_link reset_password set_password
        registration finish_registration email_link use_email_link
        products product products_stream product_stream product_row
        webinars webinar webinar_calendar webinar_seats webinar_cover register_for_webinar
        registration_link change_registration confirm_registration cancel_registration
        unsubscribe_link unsubscribe subscribe_again
        dev_boot dev_mails dev_mail dev_mail_html
        docs openapi product_picture
        products_list products_get
        """,
    ),
    (NOBODY, "check_code check_second_factor"),
    (
        OWNERS,
        """
        conversation update_conversation ask_in_conversation delete_conversation restore_conversation
        export_markdown export_json answer_stream answer_live stop_answer retry_answer continue_answer
        revise_question rate_answer delete_answer_page restore_answer_page
        """,
    ),
    (
        PERSON,
        """
        account rename email change_email password change_password sessions end_other_sessions end_session history
        delete_token end_impersonation
        """,
    ),
    (
        CONFIRMED,
        """
        confirm account_second_factor enable_second_factor disable_second_factor new_recovery_codes
        account_data deletion delete_account tokens make_token
        """,
    ),
    (STAFF, "people jobs admin running_answers"),
    (PANEL_WITH_PASSWORD, "create_record change_record delete_record"),
    (PANEL_WITHOUT_ENTRY, "revert_record"),
    (SEES_PEOPLE, "person"),
    (CHANGES_PEOPLE, "change_person send_password_link end_sessions_of remove_second_factor begin_impersonation"),
    (STOPS_ANSWERS, "stop_running_answer"),
    (INVITES, "new_invitation invite"),
    (
        WEBINARS,
        """
        new_webinar create_webinar preview_description edit_webinar change_webinar publish_webinar cancel_webinar
        new_product create_product preview_product edit_product change_product edit_product_quickly
        change_product_quickly restore_product import_products read_products
        put_product_picture remove_product_picture
        put_cover remove_cover import_registrations read_registrations
        webinar_messages webinar_message save_webinar_message preview_webinar_message
        test_webinar_message delete_webinar_message
        """,
    ),
    (DELETES_PRODUCTS, "delete_product"),
    (
        SEES_REGISTRATIONS,
        """
        registrations registrations_stream
        numbers numbers_file webinar_numbers webinar_numbers_stream webinar_numbers_file
        """,
    ),
    (REGISTRANT, "check_in registrant photo_file"),
    (NO_JOB_THERE, "import_preview run_import product_import_preview run_product_import"),
    (
        JOBS,
        """
        job job_stream start_job undo_job
        records record_suggestions new_record record edit_record record_deletion record_history
        """,
    ),
    (EXPORTS, "export_registrations bulk_act dashboard dashboard_stream dashboard_file export_products"),
    (ERASES, "contacts export_contact erase_contact"),
    (
        DECIDES,
        """
        move_registrant put_registrant_group assign_registrant add_note do_check_in undo_check_in put_photo
        remove_photo
        follow_up save_follow_up draft_follow_up stop_follow_up follow_up_stream follow_up_live send_follow_up
        """,
    ),
    (AUTHORS, "delete_note"),
    (
        EVERYBODY_KNOWN,
        """
        me_get webinars_list webinars_get registrations_create
        conversations_list conversations_create documents_list documents_get documents_search
        """,
    ),
    (ALL_OF_ONES_OWN, "me_data"),
    (
        OWN_CONVERSATIONS,
        """
        conversations_get conversations_change messages_list messages_create messages_get conversations_delete
        messages_stop
        """,
    ),
    (
        API_WEBINARS,
        """
        webinars_create webinars_replace webinars_change webinars_publish webinars_cancel
        products_create products_replace products_change products_restore
        product_pictures_put product_pictures_delete
        covers_put covers_delete reps_list imports_create
        webinar_messages_list webinar_messages_create webinar_messages_get webinar_messages_change
        webinar_messages_preview webinar_messages_test
        """,
    ),
    (API_SEES_REGISTRATIONS, "registrations_list numbers_list numbers_get"),
    (API_REGISTRANT, "registrations_get"),
    (API_CHANGES, "registrations_change registrations_check_in registrations_check_out photos_delete"),
    (API_DELETES, "webinar_messages_delete"),
    (API_DELETES_PRODUCTS, "products_delete"),
    (API_SEES, "photos_get notes_list"),
    (API_DECIDES, "photos_put notes_create follow_ups_get follow_ups_save follow_ups_draft follow_ups_send"),
    (API_DECIDES, "follow_ups_stop"),
    (API_NO_NOTE, "notes_get notes_delete"),
    (API_NO_IMPORT, "imports_get imports_start"),
    (API_STAFF, "jobs_list"),
    (API_JOBS, "jobs_get jobs_start jobs_undo"),
    (API_EXPORTS, "bulk_acts_create"),
    (API_ERASES, "contacts_export contacts_erase"),
    (API_CANCELS, "registrations_cancel"),
    (LISTS, "ask_bulk_records import_records read_records record_import_preview save_view"),
    (LISTS_WITH_PASSWORD, "export_records bulk_records run_record_import"),
    (NO_VIEW_THERE, "delete_view"),
    (CELLS, "record_cell edit_cell change_cell"),
    (SEES_CELLS, "record_picture"),
)
ROWS = {name: row for row, names in TABLE for name in names.split()}
TITLES = {
    "Please sign in": "sign-in",
    "Sign in": "sign-in",
    "A token is needed": "token",
    "Is it you?": "password",
    "Not allowed": "no",
    "Not found": "none",
    "This link leads nowhere": "none",
}
BARE = {401: "sign-in", 403: "no", 404: "none"}  # of a head alone
REACHED = (409, 422)  # past every guard, and then not possible with these values
# After these something or somebody is gone; who sees the site as somebody else ends it before anything else.
LAST = (
    "remove_photo",
    "delete_record",
    "begin_impersonation",
    "end_impersonation",
    "end_sessions_of",
    "conversations_delete",
    "use_sign_in_link",
    "sign_out",
)


def outcome(response: httpx2.Response) -> str:
    """What happened to a request, in the table's words."""
    status = response.status_code
    if status < 400 or status in REACHED:
        return "ok"
    if status in BARE and not response.content:
        return BARE[status]
    if status in (401, 403, 404):
        is_json = response.headers["content-type"] == "application/problem+json"
        title = response.json()["title"] if is_json else heading(response)
        return TITLES.get(title, f"{status} {title}")
    return "over" if status == 410 else str(status)


class Visitor:
    """Somebody in one of the roles, who signs in once; who is nobody forgets whom a request has made of them."""

    def __init__(self, app: FastAPI, role: str, **options: Any) -> None:
        self.app = app
        self.role = role
        self.browser = Browser(app, **options)
        self.is_in = False

    async def enter(self, *, confirmed: bool) -> None:
        if self.is_in:
            return
        self.browser.client.cookies.clear()
        if self.role == "guest":
            await self.browser.start("Who am I?")
        elif self.role != "anonymous":
            await sign_in(self.browser, OWNER if self.role == "owner" else f"{self.role}@example.com")
        if not confirmed:
            await age_sessions(self.app)
        self.is_in = True

    async def ask(self, endpoint: Endpoint, path: str, *, confirmed: bool) -> str:
        await self.enter(confirmed=confirmed)
        got = outcome(await self.browser.client.request(endpoint.method, path, **endpoint.sent()))
        forget_half_done(self.browser)
        self.is_in = self.role != "anonymous" or not session_cookie(self.browser)
        return got


def forget_half_done(browser: Browser) -> None:
    for cookie in [each for each in browser.client.cookies.jar if each.name.endswith("pending")]:
        browser.client.cookies.delete(cookie.name)


@pytest.fixture
async def scene(environment: str, open_app: OpenApp, settings: Settings) -> AsyncIterator[Scene]:
    settings = many(settings)
    app = await open_app(
        in_production(settings, staff_second_factor=False) if environment == "production" else settings
    )
    for role, (groups, fields) in PEOPLE.items():
        await make_user(app, f"{role}@example.com", *groups, **fields)
    scene = await make_scene(app, scheme="https" if environment == "production" else "http")
    yield scene
    await scene.close()


def expected(name: str, role: str, *, confirmed: bool) -> str:
    before, _, after = ROWS[name][ROLES.index(role)].partition("/")
    return (after or "ok") if confirmed and before == "password" else before


@pytest.mark.parametrize("environment", ["development", "production"])
async def test_the_table_names_every_route_and_nothing_else(scene: Scene) -> None:
    in_production = scene.app.state.settings.in_production
    rows = {name for name in ROWS if not (in_production and name.startswith("dev_"))}
    assert {each.name for each in endpoints(scene.app)} == rows


@pytest.mark.parametrize(("environment", "confirmed"), [("development", False), ("production", True)])
async def test_everybody_gets_where_the_table_says(scene: Scene, confirmed: bool) -> None:
    scheme = scene.browser.client.base_url.scheme
    visitors = [Visitor(scene.app, role, scheme=scheme, address=f"10.0.0.{n}") for n, role in enumerate(ROLES)]
    wrong = []
    for endpoint in sorted(endpoints(scene.app), key=lambda each: each.name in LAST and LAST.index(each.name) + 1):
        for visitor in visitors:
            got = await visitor.ask(endpoint, await scene.path(endpoint), confirmed=confirmed)
            wanted = expected(endpoint.name, visitor.role, confirmed=confirmed)
            if got != wanted:
                wrong.append(f"{endpoint.name} as {visitor.role}: {got}, not {wanted}")
        await restore_address(scene)
    for visitor in visitors:
        await visitor.browser.client.aclose()
    assert not wrong, "\n".join(wrong)


async def restore_address(scene: Scene) -> None:
    """Whoever holds the link may change it."""
    async with scene.app.state.database.transaction() as session:
        await session.exec(update(User).where(col(User.id) == scene.owner.id).values(email=OWNER))


@pytest.mark.parametrize("environment", ["development"])
async def test_what_is_somebody_elses_is_still_there(scene: Scene) -> None:
    """Ending another's session and deleting another's token are passed over in silence."""
    async with Browser(scene.app, scheme=scene.browser.client.base_url.scheme) as thief:
        await sign_in(thief, "superuser@example.com")
        await thief.post(f"/account/sessions/{scene.ids['handle']}/deletion")
        await thief.post("/account/sessions/deletion")
        await thief.post(f"/account/tokens/{scene.ids['token_id']}/deletion")
    assert (await scene.browser.get("/account")).status_code == 200
    me = await scene.browser.get("/api/v1/me", headers={"Authorization": f"Bearer {scene.token}"})
    assert me.json()["email"] == OWNER
