"""A real browser on a real server. A console error or a CSP violation fails the test that caused it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.e2e.server import Server
from tests.model_server import ModelServer, running

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MODELS = "normal,slow,paced-25,paced-60,long,500,429,cut,echo,cite,continue,malformed"
# Chromium itself reports responses of 4xx and 5xx, and connections that a test cuts on purpose.
EXPECTED = ("Failed to load resource",)
EXPECTED_OF_A_CUT = ("net::ERR_", "Failed to fetch", "network error")

WAIT_MS = 20_000  # the machine may be busy with other tests; what passes waits for less
expect.set_options(timeout=WAIT_MS)

OpenContext = Callable[..., BrowserContext]


def launch(playwright: Playwright, *, headless: bool = True) -> Browser:
    """Playwright's own Chromium where it is installed, else one on PATH: the shell without windows, if none is shown,
    opens a page with a quarter of the work."""
    names = ("chromium-headless-shell", "chromium") if headless else ("chromium",)
    own, found = Path(playwright.chromium.executable_path), filter(None, map(shutil.which, names))
    path = None if own.exists() else next(found, None)
    return playwright.chromium.launch(headless=headless, executable_path=path, args=CHROMIUM_FLAGS)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def model_server() -> Iterator[ModelServer]:
    with running(rate=200) as server:
        yield server


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """What `make run` serves: no key, the offline answerer."""
    with Server(tmp_path_factory.mktemp("offline"), OFFLINE_TOKENS_PER_SECOND="120") as server:
        yield server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, model_server: ModelServer) -> Iterator[Server]:
    """With a model configured; its name says how it behaves."""
    with Server(tmp_path_factory.mktemp("model"), **with_model(model_server)) as server:
        yield server


def with_model(model_server: ModelServer) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": model_server.base_url,
        "OPENAI_MODEL": MODELS,
        "OPENAI_TIMEOUT": "3",
    }


@pytest.fixture
def open_context(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[OpenContext]:
    """Open browser contexts whose pages may not complain; options as Playwright's `new_context`."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(**options: object) -> BrowserContext:
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        context.on(
            "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        context.close()
    expected = EXPECTED + (EXPECTED_OF_A_CUT if request.node.get_closest_marker("cuts_the_network") else ())
    unexpected = [each for each in complaints if not any(known in each for known in expected)]
    assert not unexpected, unexpected


@pytest.fixture
def page(open_context: OpenContext) -> Page:
    return open_context().new_page()


@pytest.fixture
def page_without_script(open_context: OpenContext) -> Page:
    return open_context(java_script_enabled=False).new_page()
