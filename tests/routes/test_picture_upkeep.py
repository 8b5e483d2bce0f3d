"""Pictures that nothing shows any more: they go, but not before the last undo that needs them."""

from datetime import timedelta

from fastapi import FastAPI
from sqlalchemy import update

from app.models.base import now
from app.models.job import Job, JobState
from app.models.picture import Picture
from app.models.product import Product
from app.models.webinar import Registration, Webinar
from app.repositories.jobs import JobRepository
from app.repositories.pictures import PictureRepository
from app.services.images import Shape, make
from tests.browser import Browser
from tests.jobs import registered, undo
from tests.pictures import file, stored
from tests.products import make_products, product_now
from tests.routes.test_admin_many import bulk
from tests.routes.test_webinars import register
from tests.webinars import make_webinar, webinar_now


async def tidy(app: FastAPI, hours: float = 0) -> int:
    """Look for what nothing shows, as upkeep does so many hours from now; return how many pictures there are then."""
    async with app.state.database.transaction() as session:
        await JobRepository(session).purge(now() + timedelta(hours=hours))
        await PictureRepository(session).purge(now() + timedelta(hours=hours))
    return len(await stored(app))


async def show(app: FastAPI, kind: type[Webinar | Product | Registration], column: str) -> None:
    """Give a picture to the rows of a table."""
    async with app.state.database.transaction() as session:
        picture = make(file(), Shape(64, 64))
        session.add(picture)
        await session.flush()
        await session.exec(update(kind).values({column: picture.id}))


async def pictured(app: FastAPI) -> Product:
    [lamp] = await make_products(app, {})
    await show(app, Product, "picture_id")
    return lamp


async def test_what_was_deleted_in_the_panel_goes_a_day_later(app: FastAPI, root: Browser) -> None:
    lamp, webinar = await pictured(app), await make_webinar(app)
    await register(root, "Ann")
    await show(app, Webinar, "cover_id")
    await show(app, Registration, "photo_id")
    ann = (await registered(app, webinar))["ann"]
    assert [await tidy(app), await tidy(app, 1_000)] == [3, 3], "what is shown stays for ever"
    for path in (f"product/{lamp.id}", f"registration/{ann.id}"):
        assert (await root.post(f"/admin/{path}/deletion")).status_code == 303
    assert [await tidy(app, hours) for hours in (0, 23, 25, 26)] == [3, 3, 1, 1]
    assert (await webinar_now(app, webinar)).cover_id == (await stored(app))[0].id


async def test_what_comes_back_by_an_undo_has_its_picture(app: FastAPI, root: Browser) -> None:
    lamp = await pictured(app)
    path, _job = await bulk(app, root, "product", act="delete", keys=[str(lamp.id)])
    assert [await tidy(app), await tidy(app, 23)] == [1, 1]
    await undo(app, root, path)
    assert (await product_now(app, lamp)).picture_id == (await stored(app))[0].id
    assert await tidy(app, 30) == 1, "it is shown again"
    await root.post(f"/admin/product/{lamp.id}/deletion")
    assert [await tidy(app, 31), await tidy(app, 54), await tidy(app, 56)] == [1, 1, 0], "a day from then on"


async def test_a_picture_waits_for_the_job_that_may_bring_it_back(app: FastAPI, root: Browser) -> None:
    lamp = await pictured(app)
    await bulk(app, root, "product", act="delete", keys=[str(lamp.id)])
    await tidy(app)
    end = {"state": JobState.RUNNING, "finished_at": None, "worker": "w", "heartbeat_at": now() + timedelta(days=9)}
    async with app.state.database.transaction() as session:
        await session.exec(update(Job).values(**end))
    assert await tidy(app, 70) == 1, "it has other rows to delete, for three days"
    async with app.state.database.transaction() as session:
        await session.exec(update(Job).values(state=JobState.DONE, finished_at=now() + timedelta(hours=70)))
    assert [await tidy(app, hours) for hours in (80, 93, 95)] == [1, 1, 0]


async def test_a_picture_whose_row_is_yet_to_come_is_left_alone(app: FastAPI) -> None:
    lamp = (await make_products(app, {}))[0]
    async with app.state.database.transaction() as session:
        session.add(picture := make(file(), Shape(64, 64)))
    assert [await tidy(app), await tidy(app, 20)] == [1, 1]
    async with app.state.database.transaction() as session:
        await session.exec(update(Product).values(picture_id=picture.id))
    assert [await tidy(app, 30), await tidy(app, 60)] == [1, 1] and (await product_now(app, lamp)).picture_id
    async with app.state.database.transaction() as session:
        await session.delete(await session.get(Picture, picture.id))
    assert (await product_now(app, lamp)).picture_id is None
