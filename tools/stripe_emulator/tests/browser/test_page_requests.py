"""Requests on the dashboard."""

from typing import Any

import httpx
from playwright.sync_api import Page, expect


def test_requests_are_filtered(
    page: Page, shown: Any, http: httpx.Client, hold_money: Any, arm: Any
):
    hold_money(key="order-1")
    hold_money(key="order-1")
    http.get("/v1/customers/cus_1")
    arm("429")
    hold_money(key="order-2")
    page.goto("/#requests")
    expect(shown.requests).to_have_count(4)
    expect(shown.requests.nth(0)).to_contain_text("rate_limit")
    expect(shown.requests.nth(2)).to_contain_text("replayed")
    page.get_by_role("checkbox", name="Errors only").check()
    expect(shown.requests).to_have_count(2)
    page.get_by_role("searchbox", name="Filter requests").fill("resource_missing")
    expect(shown.requests).to_contain_text(["404"])
    page.get_by_role("checkbox", name="Errors only").uncheck()
    page.get_by_role("searchbox", name="Filter requests").fill("order-1")
    expect(shown.requests).to_have_count(2)
    page.get_by_label("Filter by status").select_option("4xx")
    expect(shown.requests).to_have_count(0)


def test_log_link_of_an_error_opens_the_request(page: Page, shown: Any, http: httpx.Client):
    link = http.post("/v1/customers", data={"colour": "red"}).json()["error"]["request_log_url"]
    page.goto(link)
    expect(page).to_have_url(f"{http.base_url}/#{link.rpartition('/')[2]}")
    expect(shown.detail).to_contain_text("Received unknown parameter: colour")
    page.goto("/#req_unknown")
    expect(shown.detail).to_contain_text("unknown or no longer kept")


def test_withheld_response_is_shown(page: Page, shown: Any, hold_money: Any, arm: Any):
    arm("status_500_after")
    hold_money(key="order-1")
    page.goto("/#requests")
    shown.requests.get_by_role("link").click()
    expect(shown.detail).to_contain_text("The request was executed, but the caller received a 500.")
    withheld = shown.detail.get_by_label("Withheld response")
    expect(withheld).to_contain_text('"status": "requires_capture"')
