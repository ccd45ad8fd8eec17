"""Webhook endpoints, through the SDK."""

from typing import Any

import pytest
import stripe

HOOK = "http://127.0.0.1:9/hook"


def create(client: stripe.StripeClient, **changes: object) -> stripe.WebhookEndpoint:
    wanted: Any = {"url": HOOK, "enabled_events": ["*"], **changes}
    return client.v1.webhook_endpoints.create(wanted)


def test_secret_is_returned_only_on_creation(client: stripe.StripeClient):
    made = create(client, description="orders", metadata={"team": "a"})
    assert (made.id[:4], made.secret[:6], len(made.secret)) == ("we_1", "whsec_", 38)
    assert (made.status, made.api_version, made.url) == ("enabled", None, HOOK)
    found = client.v1.webhook_endpoints.retrieve(made.id)
    assert "secret" not in found
    assert (found.description, found.metadata["team"]) == ("orders", "a")


def test_endpoint_is_updated_disabled_and_enabled(client: stripe.StripeClient):
    made = create(client)
    update = client.v1.webhook_endpoints.update
    changed = update(
        made.id,
        {
            "enabled_events": ["charge.refunded", "invoice.paid"],
            "url": f"{HOOK}/2",
            "disabled": True,
        },
    )
    assert changed.enabled_events == ["charge.refunded", "invoice.paid"]
    assert (changed.url, changed.status) == (f"{HOOK}/2", "disabled")
    assert update(made.id, {"disabled": False}).status == "enabled"


def test_deleted_endpoint_is_unknown(client: stripe.StripeClient):
    kept, made = create(client), create(client)
    deleted = client.v1.webhook_endpoints.delete(made.id)
    assert (deleted.id, deleted.deleted) == (made.id, True)
    with pytest.raises(stripe.InvalidRequestError, match="No such webhook endpoint") as refused:
        client.v1.webhook_endpoints.retrieve(made.id)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    assert [each.id for each in client.v1.webhook_endpoints.list().data] == [kept.id]


def test_list_is_newest_first_without_secrets(client: stripe.StripeClient):
    made = [create(client).id for _ in range(3)]
    page = client.v1.webhook_endpoints.list({"limit": 2})
    assert [each.id for each in page.data] == [made[2], made[1]]
    assert page.has_more
    assert not any("secret" in each for each in page.data)


def test_test_account_has_at_most_sixteen_endpoints(client: stripe.StripeClient):
    for _ in range(16):
        create(client)
    with pytest.raises(stripe.InvalidRequestError, match="maximum of 16 test webhook endpoints"):
        create(client)


@pytest.mark.parametrize(
    ("changes", "param", "message"),
    [
        ({"enabled_events": ["payment_intent.*"]}, "enabled_events[0]", "must be one of"),
        ({"enabled_events": ["*", "charge.succeded"]}, "enabled_events[1]", "must be one of"),
        ({"enabled_events": ["Invoice paid"]}, "enabled_events[0]", "must be one of"),
        ({"url": "127.0.0.1/hook"}, "url", "explicit scheme"),
        ({"url": "ftp://127.0.0.1/hook"}, "url", "Not a valid URL"),
        ({"connect": True}, "connect", "does not support"),
        ({"api_version": "2026-08-26.dahlia"}, "api_version", "does not support"),
        ({"disabled": True}, "disabled", "unknown parameter"),
    ],
)
def test_invalid_endpoint_is_refused(
    client: stripe.StripeClient, changes: Any, param: str, message: str
):
    with pytest.raises(stripe.InvalidRequestError, match=message) as refused:
        create(client, **changes)
    assert refused.value.param == param
    assert not client.v1.webhook_endpoints.list().data


@pytest.mark.parametrize("missing", ["url", "enabled_events"])
def test_url_and_events_are_required(http: Any, missing: str):
    given = {"url": HOOK, "enabled_events[]": "*"}
    del given["enabled_events[]" if missing == "enabled_events" else missing]
    error = http.post("/v1/webhook_endpoints", data=given).json()["error"]
    assert (error["code"], error["param"]) == ("parameter_missing", missing)


def test_empty_list_of_events_is_refused(http: Any):
    refused = http.post("/v1/webhook_endpoints", data={"url": HOOK, "enabled_events": ""})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "enabled_events")
