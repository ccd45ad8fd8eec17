"""The dashboard: updates, clock and faults."""

import itertools
from typing import Any

import httpx
from playwright.sync_api import Page, Route, expect
from stripe_emulator.bounds import EmulatorBounds
from stripe_emulator.settings import Settings
from stripe_emulator.testing import running_emulator


def test_clock_can_be_advanced_and_state_reset(
    page: Page, shown: Any, running: Any, hold_money: Any
):
    hold_money()
    page.goto("/")
    before = running.emulator.account.clock.now()
    for name in ("1 hour", "1 day", "7 days"):
        page.get_by_role("button", name=f"Advance the clock by {name}").click()
    expect(page.locator("#now")).to_have_text("2027-01-23 09:00:00 UTC")
    assert running.emulator.account.clock.now() == before + 3_600 + 8 * 86_400
    page.get_by_role("button", name="Reset…").click()
    page.get_by_role("button", name="Cancel").click()
    expect(shown.payments).to_have_count(1)
    page.get_by_role("button", name="Reset…").click()
    page.get_by_role("button", name="Reset the emulator").click()
    expect(page.get_by_text("No payment yet")).to_be_visible()
    expect(page.locator("#now")).to_have_text("2027-01-15 08:00:00 UTC")
    assert len(running.emulator.account.payment_intents) == 0


def test_armed_faults_are_shown_and_disarmed(page: Page, shown: Any, arm: Any):
    page.goto("/")
    shown.is_live()
    faults = page.get_by_label("Armed faults")
    expect(faults).to_be_hidden()
    arm("hang", count=3, skip=1)
    expect(faults).to_contain_text("hang on POST /v1/payment_intents ×3 after 1 more")  # noqa: RUF001
    faults.get_by_role("button", name="Disarm all").click()
    expect(faults).to_be_hidden()


def test_broken_connection_misses_and_repeats_no_row(page: Page, shown: Any, http: httpx.Client):
    def ask(count: int) -> list[str]:
        return [http.get("/v1/customers").headers["request-id"] for _ in range(count)]

    def answer_and_break(route: Route) -> None:
        with http.stream("GET", route.request.url) as response:
            lines = response.iter_lines()
            event = list(itertools.takewhile(bool, lines))
        asked.extend(ask(3))
        route.fulfill(content_type="text/event-stream", body="\n".join([*event, "", ""]))

    asked = ask(2)
    page.route("**/_emulator/live*", answer_and_break, times=1)
    with page.expect_request("**/_emulator/live*"):
        page.goto("/#requests")
    expect(shown.requests).to_have_count(5)
    asked.extend(ask(2))
    expect(shown.requests).to_have_count(7)
    shown = shown.requests.evaluate_all("rows => rows.map(row => row.dataset.id)")
    assert shown == asked[::-1]


def test_hidden_page_disconnects_and_catches_up(page: Page, shown: Any, http: httpx.Client):
    page.goto("/#requests")
    shown.is_live()
    http.get("/v1/customers/cus_1")
    expect(shown.requests).to_have_count(1)
    hide(page, hidden=True)
    expect(shown.connection).to_have_text("paused")
    http.get("/v1/customers/cus_2")
    hide(page, hidden=False)
    expect(shown.requests).to_have_count(2)
    expect(shown.requests.nth(0)).to_contain_text("cus_2")


def hide(page: Page, *, hidden: bool) -> None:
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_open_page_keeps_a_bounded_number_of_rows(open_page: Any):
    with (
        running_emulator(Settings(bounds=EmulatorBounds(dashboard_rows=5))) as running,
        httpx.Client() as http,
    ):
        shown = open_page(running.url)
        shown.page.goto("/#requests")
        shown.is_live()
        for number in range(12):
            http.get(f"{running.url}/v1/customers/cus_{number}")
        expect(shown.requests.nth(0)).to_contain_text("/v1/customers/cus_11")
        expect(shown.requests).to_have_count(5)


def test_unknown_address_shows_the_payments(page: Page, shown: Any):
    page.goto("/#%")
    expect(page.get_by_role("link", name="Payments")).to_have_attribute("aria-current", "page")
    shown.is_live()
