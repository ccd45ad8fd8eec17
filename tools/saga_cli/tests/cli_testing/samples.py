"""Responses of the services, as recorded."""


def entry(at: str, direction: str, kind: str) -> dict:
    return {
        "at": f"2026-01-01T00:00:{at}Z",
        "direction": direction,
        "type": kind,
        "message_id": "m1",
        "note": "-> [rejected]",
    }


ORDER = {
    "id": "o1",
    "state": "rejected",
    "reason": {
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "stripe_code": "card_declined",
        "message": "The issuer refused [the amount].",
        "cure": "Use another card.",
    },
    "payment_intent_id": "pi_1",
    "amount": 1299,
    "currency": "usd",
    "description": "pizza [bold]",
    "clerk_user_id": "u1",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00.250Z",
    "deadline_at": None,
    "overdue": False,
    "history": [
        entry("00.000", "in", "place_order"),
        entry("00.000", "out", "retrieve_payment_info"),
        entry("00.040", "in", "user.payment_info_retrieved"),
        entry("00.040", "out", "authorize_payment"),
        entry("00.250", "in", "payment.failed"),
        entry("00.250", "out", "order.rejected"),
    ],
}


DEAD_LETTER = {
    "topic": "payment_commands.dlq",
    "partition": 1,
    "offset": 3,
    "at": "2026-01-01T00:00:00Z",
    "reason": "payload.amount: it is [no] number",
    "consumer": "payment-service",
    "came_from": "payment_commands[1]@17",
    "cut": None,
    "key": "o1",
    "correlation_id": "o1",
    "size_bytes": 12,
    "preview": '{"broken": ',
    "dealt_with": [],
}
DROPPED = [{"action": "drop", "by": "bob", "note": "old", "at": "2026-01-02T00:00:00Z"}]
DETAILS = DEAD_LETTER | {"value": '{"broken": [/bold]', "value_base64": "eyI=", "headers": {}}
ID = "payment_commands.dlq/1/3"
