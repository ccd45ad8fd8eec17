"""The table of all operations of the Stripe API that the emulator supports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from stripe_emulator.operations import (
    balance,
    charges,
    customers,
    disputes,
    events,
    payment_methods,
    refunds,
    schemas,
    webhook_endpoints,
)
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.payment_intents import operations as payment_intents
from stripe_emulator.operations.payment_intents import schemas as intent_schemas
from stripe_emulator.operations.payment_intents import search
from stripe_emulator.wire.json import JsonObject
from stripe_emulator.wire.parameters import ParameterSpec
from stripe_emulator.wire.request_errors import UnrecognizedUrl

Run: TypeAlias = Callable[[Call], JsonObject]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: its function, its parameters, and the kind of object that it returns.

    `listed` is true if it returns a list of such objects.
    """

    run: Run
    accepts: ParameterSpec
    kind: str
    listed: bool


_TABLE: Final[tuple[tuple[str, Run, ParameterSpec], ...]] = (
    ("POST customers", customers.create, schemas.CUSTOMER_CREATE),
    ("GET customers", customers.list_all, schemas.CUSTOMER_LIST),
    ("GET customers/{}", customers.retrieve, schemas.EXPAND_ONLY),
    ("POST customers/{}", customers.update, schemas.CUSTOMER_UPDATE),
    ("DELETE customers/{}", customers.delete, schemas.NOTHING),
    (
        "GET customers/{}/payment_methods",
        payment_methods.list_of_customer,
        schemas.PAYMENT_METHODS_OF_CUSTOMER,
    ),
    (
        "GET customers/{}/payment_methods/{}",
        payment_methods.retrieve_of_customer,
        schemas.EXPAND_ONLY,
    ),
    ("POST payment_methods", payment_methods.create, schemas.PAYMENT_METHOD_CREATE),
    ("GET payment_methods", payment_methods.list_all, schemas.PAYMENT_METHOD_LIST),
    ("GET payment_methods/{}", payment_methods.retrieve, schemas.EXPAND_ONLY),
    ("POST payment_methods/{}", payment_methods.update, schemas.PAYMENT_METHOD_UPDATE),
    ("POST payment_methods/{}/attach", payment_methods.attach, schemas.PAYMENT_METHOD_ATTACH),
    ("POST payment_methods/{}/detach", payment_methods.detach, schemas.EXPAND_ONLY),
    ("POST payment_intents", payment_intents.create, intent_schemas.CREATE),
    ("GET payment_intents", payment_intents.list_all, intent_schemas.LIST),
    ("GET payment_intents/search", search.search_payment_intents, intent_schemas.SEARCH),
    ("GET payment_intents/{}", payment_intents.retrieve, intent_schemas.RETRIEVE),
    ("POST payment_intents/{}", payment_intents.update, intent_schemas.UPDATE),
    ("POST payment_intents/{}/confirm", payment_intents.confirm, intent_schemas.CONFIRM),
    ("POST payment_intents/{}/capture", payment_intents.capture, intent_schemas.CAPTURE),
    ("POST payment_intents/{}/cancel", payment_intents.cancel, intent_schemas.CANCEL),
    ("GET charges", charges.list_all, schemas.CHARGE_LIST),
    ("GET charges/{}", charges.retrieve, schemas.EXPAND_ONLY),
    ("POST refunds", refunds.create, schemas.REFUND_CREATE),
    ("GET refunds", refunds.list_all, schemas.REFUND_LIST),
    ("GET refunds/{}", refunds.retrieve, schemas.EXPAND_ONLY),
    ("POST refunds/{}", refunds.update, schemas.REFUND_UPDATE),
    ("POST refunds/{}/cancel", refunds.cancel, schemas.EXPAND_ONLY),
    ("GET disputes", disputes.list_all, schemas.DISPUTE_LIST),
    ("GET disputes/{}", disputes.retrieve, schemas.EXPAND_ONLY),
    ("POST disputes/{}", disputes.update, schemas.DISPUTE_UPDATE),
    ("POST disputes/{}/close", disputes.close, schemas.EXPAND_ONLY),
    ("GET balance", balance.retrieve, schemas.EXPAND_ONLY),
    ("GET events", events.list_all, schemas.EVENT_LIST),
    ("GET events/{}", events.retrieve, schemas.EXPAND_ONLY),
    ("POST webhook_endpoints", webhook_endpoints.create, schemas.WEBHOOK_ENDPOINT_CREATE),
    ("GET webhook_endpoints", webhook_endpoints.list_all, schemas.WEBHOOK_ENDPOINT_LIST),
    ("GET webhook_endpoints/{}", webhook_endpoints.retrieve, schemas.EXPAND_ONLY),
    ("POST webhook_endpoints/{}", webhook_endpoints.update, schemas.WEBHOOK_ENDPOINT_UPDATE),
    ("DELETE webhook_endpoints/{}", webhook_endpoints.delete, schemas.NOTHING),
)
_KINDS: Final = {
    "customers": "customer",
    "payment_methods": "payment_method",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "balance": "balance",
    "events": "event",
    "webhook_endpoints": "webhook_endpoint",
}


def _operation(endpoint: str, run: Run, accepts: ParameterSpec) -> Operation:
    method, _, template = endpoint.partition(" ")
    words = template.split("/")
    kind = [_KINDS[word] for word in words if word in _KINDS][-1]
    listed = method == "GET" and words[-1] not in {"{}", "balance"}
    return Operation(run, accepts, kind, listed)


OPERATIONS: Final = {row[0]: _operation(*row) for row in _TABLE}


def find_operation(method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
    """Return the operation of a method and a path such as `/v1/customers/cus_1`, and its ids.

    Raises:
        UnrecognizedUrl: If there is no such operation.
    """
    resource = path.removeprefix("/v1/")
    named = OPERATIONS.get(f"{method} {resource}")
    if named is not None:
        return named, ()
    segments = resource.split("/")
    template = "/".join("{}" if at % 2 else segment for at, segment in enumerate(segments))
    operation = OPERATIONS.get(f"{method} {template}")
    if operation is None:
        raise UnrecognizedUrl(method, path)
    return operation, tuple(segments[1::2])
