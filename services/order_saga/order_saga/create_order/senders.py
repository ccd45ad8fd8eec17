"""The senders whose messages count: a type's own service, for the user of the order."""

from saga_schemas import Envelope

from order_saga.create_order.state import OrderSaga


def untrusted(saga: OrderSaga, message: Envelope) -> str | None:
    """Return why a message must not move this order; None if it may.

    The topic of a message is checked when it is decoded: each type belongs to one topic, and on a
    cluster with ACLs one service may write it. A type's service is the default of its `source`.
    """
    sender = type(message).model_fields["source"].default
    if message.source != sender:
        return f"source: {message.source!r} does not send {message.type}; {sender} does"
    user = _user_of(message)
    if user is not None and user != saga.clerk_user_id:
        return f"clerkUserId: the reply is for user {user}, the order is for {saga.clerk_user_id}"
    return None


def _user_of(message: Envelope) -> str | None:
    """Return the user that a reply is about, if it names one."""
    about = getattr(message.payload, "customer", message.payload)
    return getattr(about, "clerk_user_id", None)
