"""The operations on webhook endpoints. https://docs.stripe.com/api/webhook_endpoints."""

from stripe_emulator.account.account import ENABLED, Account
from stripe_emulator.account.metadata import merge
from stripe_emulator.objects.webhook_endpoint import EVERY_TYPE, WebhookEndpoint
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.lists import list_page
from stripe_emulator.wire.errors import InvalidParameters, ResourceMissing
from stripe_emulator.wire.json import JsonObject
from stripe_emulator.wire.parameters import Parameters

_NOT_DELETED = "live"
_MAX_ENDPOINTS = 16


def create(call: Call) -> JsonObject:
    """Create an endpoint; only this response has its secret.

    Raises:
        InvalidParameters: If there are 16 endpoints, the maximum of a test account.
    """
    account, parameters = call.account, call.parameters
    if len(account.webhook_endpoints.group(_NOT_DELETED)) >= _MAX_ENDPOINTS:
        raise InvalidParameters(
            f"You have reached the maximum of {_MAX_ENDPOINTS} test webhook endpoints."
        )
    endpoint = _new(account, parameters.required_text("url"), account.ids.webhook_secret())
    _change(account, endpoint, parameters)
    return {**endpoint.as_json(), "secret": endpoint.secret}


def retrieve(call: Call) -> JsonObject:
    """Return the endpoint."""
    return _endpoint(call).as_json()


def update(call: Call) -> JsonObject:
    """Change the given attributes; disabling drops the endpoint's pending deliveries."""
    endpoint = _endpoint(call)
    _change(call.account, endpoint, call.parameters)
    return endpoint.as_json()


def delete(call: Call) -> JsonObject:
    """Delete an endpoint, permanently, and drop its pending deliveries."""
    account, endpoint = call.account, _endpoint(call)
    endpoint.deleted = True
    account.webhook_endpoints.remove_from_group(_NOT_DELETED, endpoint)
    _disable(account, endpoint)
    return endpoint.as_json()


def list_all(call: Call) -> JsonObject:
    """List endpoints that are not deleted, newest first."""
    return list_page(
        call.account.webhook_endpoints,
        call.parameters,
        url="/v1/webhook_endpoints",
        kind="webhook endpoint",
        group=_NOT_DELETED,
    )


def forwarding_endpoint(account: Account) -> WebhookEndpoint | None:
    """Return the endpoint that `forward` created, or None."""
    endpoints = account.webhook_endpoints.group(_NOT_DELETED)
    return next((endpoint for endpoint in endpoints if endpoint.forwarding), None)


def forward(account: Account, url: str, secret: str | None) -> None:
    """Create one endpoint for all events at this URL, or update the one created before.

    Without a secret, an existing one is kept or a new one is generated.
    """
    endpoint = forwarding_endpoint(account)
    if endpoint is None:
        endpoint = _new(account, url, secret or account.ids.webhook_secret())
        endpoint.forwarding = True
    endpoint.url, endpoint.secret = url, secret or endpoint.secret


def _new(account: Account, url: str, secret: str) -> WebhookEndpoint:
    endpoint = WebhookEndpoint(
        account.ids.new("we"), account.clock.now(), url, secret, [EVERY_TYPE]
    )
    account.webhook_endpoints.add(endpoint)
    for group in (_NOT_DELETED, ENABLED):
        account.webhook_endpoints.add_to_group(group, endpoint)
    return endpoint


def _change(account: Account, endpoint: WebhookEndpoint, parameters: Parameters) -> None:
    if "url" in parameters:
        endpoint.url = parameters.required_text("url")
    if "enabled_events" in parameters:
        endpoint.enabled_events = parameters.texts("enabled_events")
    if "description" in parameters:
        endpoint.description = parameters.text("description")
    endpoint.metadata = merge(endpoint.metadata, parameters.metadata())
    if "disabled" in parameters:
        if parameters.flag("disabled"):
            _disable(account, endpoint)
        else:
            endpoint.disabled = False
            account.webhook_endpoints.add_to_group(ENABLED, endpoint)


def _disable(account: Account, endpoint: WebhookEndpoint) -> None:
    endpoint.disabled = True
    account.webhook_endpoints.remove_from_group(ENABLED, endpoint)
    account.outbox.drop(endpoint.id)
    for event in account.events:
        event.pending.discard(endpoint.id)


def _endpoint(call: Call) -> WebhookEndpoint:
    """Return the endpoint in the path; the `param` of the error is unverified."""
    endpoint = call.account.webhook_endpoints.get(call.ids[0])
    if endpoint is None or endpoint.deleted:
        raise ResourceMissing(
            "webhook endpoint", call.ids[0], param="webhook_endpoint", in_path=True
        )
    return endpoint
