"""Payments on the dashboard."""

from typing import Any

import pytest
import stripe
from playwright.sync_api import Page, expect

SCRIPT = "<script>window.hacked = true</script><img src=x onerror='window.hacked = true'>"


def test_payment_appears_and_updates_live(
    page: Page, shown: Any, client: stripe.StripeClient, hold_money: Any
):
    page.goto("/")
    expect(page.get_by_text("No payment yet")).to_be_visible()
    shown.is_live()
    intent_id = hold_money(currency="jpy", amount=12_000, metadata={"saga_id": "saga-1"})
    expect(shown.payments).to_have_count(1)
    for text in ("requires_capture", "12,000 JPY", "visa 4242", "saga_id=saga-1"):
        expect(shown.payments).to_contain_text(text)
    client.v1.payment_intents.capture(intent_id, {"amount_to_capture": 11_000})
    expect(shown.payments).to_contain_text("succeeded")
    expect(shown.payments).to_contain_text("11,000 JPY received")
    totals = page.get_by_role("region", name="Totals per currency")
    expect(totals.locator("tbody tr")).to_have_text("JPY12,00011,0001,00000")


def test_failed_payment_shows_its_error(page: Page, shown: Any, hold_money: Any):
    hold_money(payment_method="pm_card_visa_chargeDeclinedInsufficientFunds", key="order-1")
    page.goto("/")
    expect(shown.payments).to_contain_text("card_declined · insufficient_funds")
    shown.payments.get_by_role("link").click()
    expect(shown.detail).to_contain_text("Your card has insufficient funds.")
    expect(shown.detail.get_by_role("row")).to_contain_text(["Failed", "402"])
    shown.detail.get_by_role("link", name="POST /v1/payment_intents").click()
    expect(shown.detail).to_contain_text("order-1")
    body = shown.detail.get_by_label("Request body")
    expect(body).to_contain_text("automatic_payment_methods[allow_redirects] = never")
    expect(shown.detail.get_by_label("Response body")).to_contain_text('  "error": {')


def test_foreign_text_is_not_markup(page: Page, shown: Any, hold_money: Any):
    intent_id = hold_money(description=SCRIPT, metadata={"saga_id": SCRIPT})
    page.goto("/")
    expect(shown.payments).to_contain_text(SCRIPT)
    page.goto(f"/#{intent_id}")
    expect(shown.detail).to_contain_text(SCRIPT)
    shown.detail.get_by_role("link", name="POST /v1/payment_intents").click()
    expect(shown.detail.get_by_label("Request body")).to_contain_text(SCRIPT)
    assert page.evaluate("window.hacked") is None


def test_old_payment_is_found_by_metadata(page: Page, shown: Any, hold_money: Any):
    hold_money(metadata={"saga_id": "saga-0"})
    for number in range(1, 51):
        hold_money(metadata={"saga_id": f"saga-{number}"})
    page.goto("/")
    expect(shown.payments).to_have_count(50)
    search = page.get_by_role("searchbox", name="Filter payments")
    search.fill("saga_id=saga-0")
    expect(shown.payments).to_have_count(0)
    search.press("Enter")
    expect(shown.payments).to_contain_text(["saga_id=saga-0"])
    search.fill("")
    expect(shown.payments).to_have_count(50)
    page.get_by_role("button", name="Show older payments").click()
    expect(shown.payments).to_have_count(51)


@pytest.mark.parametrize("view", ["payments", "requests", "payment"])
def test_narrow_screen_shows_everything(page: Page, hold_money: Any, view: str):
    intent_id = hold_money(
        amount=99_999_999,
        description="x" * 200,
        metadata={"saga_id": "y" * 300},
        key="z" * 200,
    )
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(f"/#{intent_id if view == 'payment' else view}")
    expect(page.locator("main").get_by_role("row").last).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    totals = page.locator("#totals td")
    expect(totals.last).to_have_text("999,999.99")
    assert (
        totals.evaluate_all("all => Math.max(...all.map(one => one.offsetLeft + one.offsetWidth))")
        <= 400
    )


def test_page_works_with_the_keyboard(page: Page, shown: Any, hold_money: Any):
    for _ in range(2):
        hold_money()
    page.goto("/")
    expect(shown.payments).to_have_count(2)
    page.get_by_role("searchbox", name="Filter payments").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    opened = page.evaluate("document.activeElement.hash")
    page.keyboard.press("Enter")
    expect(shown.detail).to_be_focused()
    assert opened.startswith("#pi_")
    page.keyboard.press("Escape")
    expect(shown.detail).to_be_hidden()
    expect(shown.payments.nth(0).get_by_role("link")).to_be_focused()
