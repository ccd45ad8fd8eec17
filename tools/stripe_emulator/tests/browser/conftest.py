"""A browser (Chromium from the path) with the dashboard."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import stripe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from stripe_emulator.testing import RunningEmulator

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync""".split()


class Shown:
    """The elements of the dashboard."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.payments: Locator = page.locator("#view-payments tbody tr")
        self.requests: Locator = page.locator("#view-requests tbody tr")
        self.detail: Locator = page.get_by_role("article", name="Details")
        self.connection: Locator = page.get_by_role("status").first

    def is_live(self) -> None:
        expect(self.connection).to_have_text("live")


@pytest.fixture(scope="module")  # no longer: Playwright's event loop would be in others' way
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[[str], Shown]]:
    """Open a dashboard, which must log no error and contact no other host."""
    opened: list[Page] = []
    problems: list[str] = []

    def open_page(url: str) -> Shown:
        page = browser.new_page(base_url=url, viewport={"width": 1280, "height": 800})
        opened.append(page)
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(url) else problems.append(asked.url),
        )
        return Shown(page)

    yield open_page
    for page in opened:
        page.close()
    assert problems == []


@pytest.fixture
def shown(open_page: Callable[[str], Shown], running: RunningEmulator) -> Shown:
    return open_page(running.url)


@pytest.fixture
def page(shown: Shown) -> Page:
    return shown.page


@pytest.fixture
def hold_money(client: stripe.StripeClient, hold: Any) -> Callable[..., str | None]:
    """Hold money and return the PaymentIntent's id, or None if it was refused."""

    def hold_money(key: str | None = None, **changes: object) -> str | None:
        with suppress(stripe.StripeError):
            options: Any = {"idempotency_key": key} if key else {}
            return client.v1.payment_intents.create(hold(**changes), options).id
        return None

    return hold_money
