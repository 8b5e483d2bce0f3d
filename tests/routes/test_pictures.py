"""Covers and photos below the browser: who puts them, who sees them, and that none is left over."""

import asyncio
from base64 import b64decode
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from lxml.html import HtmlElement
from sqlmodel import col, select

from app.models.audit import AuditEntry
from app.models.webinar import Registration, Webinar, WebinarStatus
from app.security import LARGEST_BODY, LARGEST_UPLOAD
from tests.browser import HTMX, Browser
from tests.html import find, one, parse, text
from tests.people import mails, make_user, sign_in
from tests.pictures import BLUE, RED, file, halves, image, opened, stored, upload
from tests.routes.test_webinars import everything, register
from tests.webinars import make_webinar, webinar_now

COVER = "/desk/webinars/herons/cover"


@pytest.fixture
async def webinar(app: FastAPI) -> Webinar:
    return await make_webinar(app)


@pytest.fixture
async def ann(app: FastAPI, webinar: Webinar, stranger: Browser) -> Registration:
    await register(stranger, "Ann")
    return await registrant(app, "Ann")


async def registrant(app: FastAPI, name: str) -> Registration:
    async with app.state.database.transaction() as session:
        return (await session.exec(select(Registration).where(col(Registration.name) == name))).one()  # type: ignore[no-any-return]


def page_of(ann: Registration) -> str:
    return f"/desk/webinars/herons/registrations/{ann.id}"


def photo_path(ann: Registration) -> str:
    return f"{page_of(ann)}/photo"


async def put(browser: Browser, path: str, content: bytes | None = None, **options: Any) -> httpx2.Response:
    files = upload(file(halves()) if content is None else content)
    return await browser.client.post(path, files=files, **options)


def src(page: httpx2.Response | HtmlElement, selector: str = "main img") -> str:
    root = page if isinstance(page, HtmlElement) else parse(page)
    return one(root, selector).get("src") or ""


# The cover


async def test_a_cover_is_put_seen_replaced_and_removed(app: FastAPI, desk: Browser, webinar: Webinar) -> None:
    response = await put(desk, COVER, data={"alt": "Herons & reeds"})
    assert (response.status_code, response.headers["location"]) == (303, "/desk/webinars/herons/edit")
    async with Browser(app) as visitor:
        shown = one(parse(await visitor.get("/webinars/herons")), "main img")
        assert shown.get("alt") == "Herons & reeds" and src(await visitor.get("/webinars")) == shown.get("src")
        first = await visitor.get(shown.get("src") or "")
    assert first.headers["content-type"] == "image/webp" and opened(first.content).size == (400, 200)
    assert first.headers["cache-control"] == "public, max-age=86400, immutable"
    assert "set-cookie" not in first.headers and first.headers["x-content-type-options"] == "nosniff"
    await put(desk, COVER, file(image(colour=BLUE)))
    [now] = await stored(app)
    assert src(await desk.get("/webinars/herons")) == f"/webinars/herons/cover/{now.id}" != shown.get("src")
    assert (await desk.get(shown.get("src") or "")).status_code == 404
    assert (await desk.post(f"{COVER}/deletion")).headers["location"] == "/desk/webinars/herons/edit"
    assert not find(parse(await desk.get("/webinars/herons")), "main img") and await stored(app) == []
    assert (await webinar_now(app, webinar)).cover_alt == ""


async def test_a_description_alone_can_be_changed(app: FastAPI, desk: Browser, webinar: Webinar) -> None:
    await put(desk, COVER, data={"alt": "Herons"})
    before = await stored(app)
    response = await put(desk, COVER, b"", data={"alt": "Two herons"})
    assert response.status_code == 303 and [each.id for each in await stored(app)] == [each.id for each in before]
    assert (await desk.post(COVER, picture="text", alt="Text")).status_code == 422, "text is no file, and not nothing"
    assert one(parse(await desk.get("/desk/webinars/herons/edit")), "#cover img").get("alt") == "Two herons"


async def test_htmx_gets_the_region_and_a_word_of_what_was_done(desk: Browser, webinar: Webinar) -> None:
    fragment = parse(await put(desk, COVER, headers=HTMX))
    assert find(fragment, "#cover img") and not find(fragment, "html main")
    assert text(one(fragment, "hx-partial dialog")) == "The cover is saved."
    gone = parse(await desk.htmx(f"{COVER}/deletion", "POST"))
    assert not find(gone, "#cover img") and find(gone, "#cover input[type=file]")


async def test_the_cover_of_a_draft_is_for_staff(app: FastAPI, desk: Browser) -> None:
    await make_webinar(app, status=WebinarStatus.DRAFT)
    await put(desk, COVER)
    path = src(await desk.get("/webinars/herons"))
    assert (await desk.get(path)).headers["cache-control"] == "private, no-cache"
    async with Browser(app) as visitor:
        assert (await visitor.get(path)).status_code == 404
        await desk.post("/desk/webinars/herons/publication")
        assert (await visitor.get(path)).status_code == 200


async def test_a_picture_of_another_is_at_no_other_address(app: FastAPI, desk: Browser, ann: Registration) -> None:
    """Nobody reaches a photo by the address of a cover, which everybody may see."""
    await make_webinar(app, slug="otters")
    await put(desk, COVER)
    await put(desk, photo_path(ann))
    cover, photo = await stored(app)
    assert (await desk.get(f"/webinars/herons/cover/{cover.id}")).status_code == 200
    for path in (f"/webinars/otters/cover/{cover.id}", f"/webinars/herons/cover/{photo.id}"):
        assert (await desk.get(path)).status_code == 404
    assert (await desk.get(f"{photo_path(ann)}/{cover.id}")).status_code == 404


async def test_a_browser_that_has_it_is_not_sent_it_again(desk: Browser, webinar: Webinar) -> None:
    await put(desk, COVER)
    path = src(await desk.get("/webinars/herons"))
    tag = (await desk.get(path)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await desk.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await desk.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


# What is refused


async def test_what_is_no_picture_is_refused_beside_the_field(app: FastAPI, desk: Browser, webinar: Webinar) -> None:
    await put(desk, COVER, data={"alt": "Before"})
    before = await stored(app)
    response = await put(desk, COVER, b"<svg xmlns='http://www.w3.org/2000/svg'/>", data={"alt": "My herons"})
    page = parse(response)
    assert response.status_code == 422 and "JPEG, PNG, WebP or GIF" in text(one(page, "#about-picture"))
    assert one(page, "#picture").get("aria-invalid") == "true"
    assert one(page, "#alt").get("value") == "My herons", "what was typed is still there"
    alert = await put(desk, COVER, b"GIF89a<script>", headers=HTMX)
    assert (alert.status_code, alert.headers["hx-retarget"]) == (422, "#flash") and "no picture" in alert.text
    assert [each.id for each in await stored(app)] == [each.id for each in before], "the one before is still there"


@pytest.mark.parametrize("body", [{"data": {"picture": "text"}}, {"files": upload(b"")}, {"data": {"alt": "x"}}, {}])
async def test_without_a_picture_there_is_nothing_to_save(
    app: FastAPI, desk: Browser, ann: Registration, body: dict[str, Any]
) -> None:
    for path in (COVER, photo_path(ann)):
        response = await desk.client.post(path, **body)
        assert response.status_code == 422 and "picture" in text(one(parse(response), "#about-picture")).lower()
    assert find(parse(response), "#notes"), "it is said on the registrant's page"
    assert await stored(app) == []


async def test_more_than_eight_mebibytes_are_refused_beside_the_field(desk: Browser, webinar: Webinar) -> None:
    response = await put(desk, COVER, b"\xff" * (LARGEST_UPLOAD - 10_000))
    assert response.status_code == 422 and "8 MiB" in text(one(parse(response), "#about-picture"))
    more = await put(desk, COVER, b"\xff" * LARGEST_UPLOAD)
    assert more.status_code == 413 and "10 MiB" in text(one(parse(more), "main"))


async def test_only_a_form_with_files_may_be_that_large(desk: Browser, webinar: Webinar) -> None:
    for media_type in ("application/x-www-form-urlencoded", "application/json", "image/png", ""):
        headers = {"Content-Type": media_type}
        response = await desk.client.post(COVER, content=b"x" * (LARGEST_BODY + 1), headers=headers)
        assert response.status_code == 413, media_type
    text_part = await desk.client.post(COVER, data={"alt": "x" * (LARGEST_BODY + 1)}, files=upload(b"x"))
    assert text_part.status_code == 400, "and its text no more than any other"


# The photo


async def test_a_photo_is_put_seen_and_removed(app: FastAPI, desk: Browser, ann: Registration) -> None:
    path = photo_path(ann)
    assert text(one(parse(await desk.get(page_of(ann))), "#photo .avatar")) == "A"
    assert (await put(desk, path, file(halves(), "JPEG"))).headers["location"] == page_of(ann)
    shown = one(parse(await desk.get(page_of(ann))), "#photo img")
    assert shown.get("alt") == "Photo of Ann"
    served = await desk.get(shown.get("src") or "")
    assert opened(served.content).size == (256, 256) and served.headers["cache-control"] == "private, no-cache"
    assert find(parse(await put(desk, path, headers=HTMX)), "#photo img")
    assert len(await stored(app)) == 1, "the one before is gone"
    assert not find(parse(await desk.htmx(f"{path}/deletion", "POST")), "#photo img")
    assert await stored(app) == [] and (await registrant(app, "Ann")).photo_id is None
    assert (await desk.post(f"{path}/deletion")).status_code == 303, "there is none: nothing to do"
    assert len(await mails(app, "ann@example.com")) == 1, "nobody is written to for a photo"


async def test_the_initials_of_a_long_name(app: FastAPI, desk: Browser, webinar: Webinar) -> None:
    await register(desk, "änne van der Berg", email="anne@example.com")
    response = await desk.get(page_of(await registrant(app, "änne van der Berg")))
    assert text(one(parse(response), "#photo .avatar")) == "ÄV"


async def test_sales_see_and_put_the_photos_of_those_assigned_to_them(
    app: FastAPI, desk: Browser, ann: Registration, stranger: Browser
) -> None:
    sam = await make_user(app, "sam@example.com", "sales", is_staff=True)
    path = photo_path(ann)
    await put(desk, path)
    picture = src(await desk.get(page_of(ann)))
    async with Browser(app) as sales:
        await sign_in(sales, "sam@example.com")
        for response in (await sales.get(page_of(ann)), await sales.get(picture), await put(sales, path)):
            assert response.status_code == 404
        assert (await sales.post(f"{path}/deletion")).status_code == 404
        async with app.state.database.transaction() as session:
            session.add((await registrant(app, "Ann")).sqlmodel_update({"rep_id": sam.id}))
        assert (await sales.get(picture)).status_code == 200
        assert (await put(sales, path)).status_code == 303
    assert (await stranger.get(picture)).status_code == 401, "whoever registered, and everybody else"


async def test_support_see_a_photo_and_do_not_change_it(app: FastAPI, desk: Browser, ann: Registration) -> None:
    await make_user(app, "sue@example.com", "support", is_staff=True)
    path = photo_path(ann)
    await put(desk, path)
    async with Browser(app) as support:
        await sign_in(support, "sue@example.com")
        page = parse(await support.get(page_of(ann)))
        assert (await support.get(src(page))).status_code == 200 and not find(page, "#photo form")
        for refused in (await put(support, path), await support.post(f"{path}/deletion")):
            assert refused.status_code == 403
    assert len(await stored(app)) == 1


# None is left over


async def audited(app: FastAPI, act: str) -> list[AuditEntry]:
    async with app.state.database.transaction() as session:
        found = select(AuditEntry).where(AuditEntry.act == act).order_by(col(AuditEntry.id))
        return list((await session.exec(found)).all())


async def test_the_log_says_who_changed_the_cover_and_from_what_to_what(
    app: FastAPI, desk: Browser, webinar: Webinar
) -> None:
    await put(desk, COVER, data={"alt": "Herons"})
    [first] = await stored(app)
    for _ in range(2):
        await put(desk, COVER, b"", data={"alt": "Two herons"})
    await put(desk, COVER, file(image(colour=BLUE)), data={"alt": "Two herons"})
    [second] = await stored(app)
    for _ in range(2):
        await desk.post(f"{COVER}/deletion")
    assert (await put(desk, COVER, b"GIF89a")).status_code == 422
    entries = await audited(app, "webinar.cover.changed")
    assert [(entry.before, entry.after) for entry in entries] == [
        ({"cover": "", "cover_alt": ""}, {"cover": str(first.id), "cover_alt": "Herons"}),
        ({"cover_alt": "Herons"}, {"cover_alt": "Two herons"}),
        ({"cover": str(first.id)}, {"cover": str(second.id)}),
        ({"cover": str(second.id), "cover_alt": "Two herons"}, {"cover": "", "cover_alt": ""}),
    ], "and of what changed nothing, nothing"
    assert {(entry.kind, entry.key, entry.actor) for entry in entries} == {
        ("webinar", str(webinar.id), "mia@example.com")
    }


async def test_the_log_says_who_changed_a_photo(app: FastAPI, desk: Browser, ann: Registration) -> None:
    await put(desk, photo_path(ann))
    [photo] = await stored(app)
    for _ in range(2):
        await desk.post(f"{photo_path(ann)}/deletion")
    entries = await audited(app, "registration.changed")
    changes = [(entry.before, entry.after) for entry in entries]
    assert changes == [({"photo": ""}, {"photo": str(photo.id)}), ({"photo": str(photo.id)}, {"photo": ""})]
    assert {(entry.key, entry.actor) for entry in entries} == {(str(ann.id), "mia@example.com")}


async def test_of_many_at_once_one_is_left(app: FastAPI, desk: Browser, ann: Registration) -> None:
    for path in (COVER, photo_path(ann)):
        responses = await asyncio.gather(*(put(desk, path, file(image(20 + each, 20))) for each in range(6)))
        assert {response.status_code for response in responses} == {303}
    assert len(await stored(app)) == 2
    shown = {(await registrant(app, "Ann")).photo_id, (await webinar_now(app, await the_webinar(app))).cover_id}
    assert shown == {each.id for each in await stored(app)}
    covers = await audited(app, "webinar.cover.changed")
    replaced = {entry.before["cover"] for entry in covers}
    assert replaced == {"", *(entry.after["cover"] for entry in covers)} - {str(id) for id in shown}, "each by the next"


async def the_webinar(app: FastAPI) -> Webinar:
    async with app.state.database.transaction() as session:
        return (await session.exec(select(Webinar))).one()  # type: ignore[no-any-return]


async def test_a_contacts_photo_is_given_out_and_erased_with_them(
    app: FastAPI, desk: Browser, ann: Registration, stranger: Browser
) -> None:
    await register(stranger, "Ben")
    for each, colour in ((ann, RED), (await registrant(app, "Ben"), BLUE)):
        await put(desk, photo_path(each), file(image(colour=colour)))
    await put(desk, COVER)
    photo_id = (await registrant(app, "Ann")).photo_id
    [photo] = [each for each in await stored(app) if each.id == photo_id]
    [given] = (await desk.post("/desk/contacts/export", email="ann@example.com")).json()["registrations"]
    kind, _, content = given["photo"].partition(";base64,")
    assert kind == "data:image/webp" and b64decode(content) == photo.content and "photo_id" not in given
    assert str(photo.content).lower() in await everything(app)
    await desk.post("/desk/contacts/erasure", email="ann@example.com")
    assert str(photo.content).lower() not in await everything(app)
    assert len(await stored(app)) == 2, "the cover and the other's photo are still there"


async def test_a_photo_that_comes_while_its_person_is_erased_is_not_left(
    app: FastAPI, desk: Browser, ann: Registration
) -> None:
    await desk.get("/desk/contacts")
    path = photo_path(ann)
    await put(desk, path)
    erasing = desk.post("/desk/contacts/erasure", email="ann@example.com")
    *sent, erased = await asyncio.gather(*(put(desk, path) for _ in range(4)), erasing)
    assert erased.status_code == 200 and {each.status_code for each in sent} <= {303, 404}
    assert await stored(app) == []
