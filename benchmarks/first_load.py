"""What a first visit loads, measured in Chromium: `python -m benchmarks.first_load`.

Bytes as they came over the network, heads included. The bare server sends the same files without compression.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from benchmarks.harness import CLIENT_CORE, BareServer, PinnedServer, Recording, fastopp, pinned
from benchmarks.table import Table
from tests.e2e.conftest import launch

PAGES = ("/chat", "/", "/ask", "/documents")
PAGE_LIMIT, SCRIPT_LIMIT, PLAIN_SCRIPT_LIMIT = 75, 45, 22  # kB; the last where Alpine is not needed


@dataclass
class Load:
    """What one page made the browser load: kB by kind, and the addresses."""

    size: Counter[str] = field(default_factory=Counter)
    urls: list[str] = field(default_factory=list)

    @property
    def hosts(self) -> set[str]:
        return {urlsplit(url).netloc for url in self.urls if not url.startswith("data:")}


def load(context: BrowserContext, url: str) -> Load:
    """Open a page and wait until the network is quiet."""
    page, loaded, kinds = context.new_page(), Load(), dict[str, str]()
    network = context.new_cdp_session(page)

    def received(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["type"]
        loaded.urls.append(event["response"]["url"])

    def finished(event: dict[str, Any]) -> None:
        loaded.size[kinds.get(event["requestId"], "")] += event["encodedDataLength"] / 1000

    network.on("Network.responseReceived", received)
    network.on("Network.loadingFinished", finished)
    network.send("Network.enable")
    page.goto(url, wait_until="networkidle")
    page.close()
    return loaded


def first_and_second(browser: Browser, url: str) -> tuple[Load, Load]:
    context = browser.new_context()
    loads = load(context, url), load(context, url)
    context.close()
    return loads


def uncompressed(urls: set[str]) -> dict[str, Recording]:
    """The same files, for the bare server."""
    replies = {}
    for url in urls:
        reply = httpx2.get(url, headers={"Accept-Encoding": "identity"})
        headers = {"content-type": reply.headers["content-type"], "content-length": str(len(reply.content))}
        replies[urlsplit(url).path] = Recording(headers, [(0.0, reply.content)])
    return replies


def measure(browser: Browser, server: PinnedServer, table: Table) -> None:
    loads = {path: first_and_second(browser, server.url + path) for path in PAGES}
    urls = {url for first, _ in loads.values() for url in first.urls if not url.startswith("data:")}
    with BareServer(uncompressed(urls)) as bare:
        for path, (first, second) in loads.items():
            beside = first_and_second(browser, f"http://127.0.0.1:{bare.port}{path}")[0]
            show(table, path, first, second, beside)
    foreign = {urlsplit(url).netloc for url in urls} - {urlsplit(server.url).netloc}
    table.row("other hosts asked", "", len(foreign), at_most=0, strict=True)


def show(table: Table, path: str, first: Load, second: Load, beside: Load) -> None:
    at_most = PAGE_LIMIT if path == "/chat" else None
    table.row(f"{path}: all", "kB", first.size.total(), beside.size.total(), at_most=at_most, strict=True)
    limit = SCRIPT_LIMIT if path == "/chat" else PLAIN_SCRIPT_LIMIT
    table.row(f"{path}: script", "kB", first.size["Script"], beside.size["Script"], at_most=limit, strict=True)
    table.row(f"{path}: requests", "", len(first.urls), len(beside.urls))
    table.row(f"{path}: second visit", "kB", second.size.total())


def main() -> None:
    table = Table("first load: bytes in Chromium")
    with pinned(CLIENT_CORE), fastopp() as server, sync_playwright() as playwright:
        browser = launch(playwright)
        measure(browser, server, table)
        browser.close()
    table.end()


if __name__ == "__main__":
    main()
