"""The operations on events. https://docs.stripe.com/api/events."""

from fnmatch import fnmatchcase

from stripe_emulator.account.collection import Collection
from stripe_emulator.objects.event import Event
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.lists import list_page
from stripe_emulator.wire.errors import InvalidParameters, ResourceMissing
from stripe_emulator.wire.json import JsonObject


def retrieve(call: Call) -> JsonObject:
    """Return the event, with its object as of the event.

    Stripe's error for an unknown event names a `notification`.
    """
    event = call.account.events.get(call.ids[0])
    if event is None:
        raise ResourceMissing("notification", call.ids[0], param="id", in_path=True)
    return event.as_json()


def list_all(call: Call) -> JsonObject:
    """List events, newest first, all or those of a type (`payment_intent.*`) or of several.

    Raises:
        InvalidParameters: If both `type` and `types` are given.
    """
    parameters = call.parameters
    wanted, single = parameters.texts("types"), parameters.text("type")
    if wanted and single:
        raise InvalidParameters("You may only specify one of these parameters: type, types.")
    patterns = [single] if single else wanted
    matching = Collection[Event]()
    for event in call.account.events:
        if not patterns or any(fnmatchcase(event.type, pattern) for pattern in patterns):
            matching.add(event)
    return list_page(matching, parameters, url="/v1/events", kind="event")
