"""How many statements each page takes: as many for one row as for twenty."""

from fastapi import FastAPI

from tests.browser import Browser
from tests.people import make_user, sign_in
from tests.products import make_products
from tests.queries import counted
from tests.webinars import make_webinar

GUESTS = {  # by page, for somebody without a session
    "/products": 2,
    "/products?from=5&sort=name": 3,
    "/products?q=lamp": 3,
    "/products/p-0": 1,
    "/webinars": 1,
}
STAFF = {  # the session and the rights are two more each
    "/products": 4,
    "/products?q=lamp&category=Lighting": 5,
    "/products/p-0": 3,
    "/products/p-0/edit": 4,
    "/products/dashboard": 8,
    "/webinars": 3,
    "/desk/webinars/w-0/registrations": 9,
    "/chat": 2,
}


async def test_pages_take_as_many_statements_for_one_row_as_for_twenty(app: FastAPI, browser: Browser) -> None:
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    await sign_in(browser, "mia@example.com")
    for count in (1, 20):
        for number in range(0 if count == 1 else 1, count):
            await make_products(app, {"slug": f"p-{number}"})
            await make_webinar(app, slug=f"w-{number}", capacity=30)
            form = {"name": f"N{number}", "email": f"n{number}@example.com", "consent": "true"}
            await browser.post("/webinars/w-0/registrations", **form)
            await browser.start("Hello?")
        app.state.cache.kept.clear()
        taken = {path: await statements(app, browser, path) for path in STAFF}
        assert {path: len(each) for path, each in taken.items()} == STAFF, taken
        async with Browser(app) as guest:
            taken = {path: await statements(app, guest, path) for path in GUESTS}
        assert {path: len(each) for path, each in taken.items()} == GUESTS, taken


async def test_a_list_of_the_panel_counts_nothing_that_it_does_not_show(app: FastAPI, browser: Browser) -> None:
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    await sign_in(browser, "mia@example.com")
    for count in (1, 20):
        await make_products(app, *({"slug": f"p-{count}-{number}"} for number in range(count)))
        whole = await statements(app, browser, "/admin/product?category=Lighting")
        assert len(whole) == 6, whole
        with counted(app) as rows:
            assert (await browser.htmx("/admin/product?category=Lighting")).status_code == 200
        assert len(rows) == 4, "the session, the rights, the rows and how many there are"


async def test_the_dashboard_is_summed_once(app: FastAPI, browser: Browser) -> None:
    await make_user(app, "mia@example.com", "marketing", is_staff=True)
    await sign_in(browser, "mia@example.com")
    first, then = [len(await statements(app, browser, "/products/dashboard")) for _ in range(2)]
    assert (first, then) == (7, 3), "without products there is no lowest price to look for"


async def statements(app: FastAPI, browser: Browser, path: str) -> list[str]:
    with counted(app) as found:
        assert (await browser.get(path)).status_code == 200, path
    return found
