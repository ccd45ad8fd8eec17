"""What a checker needs to prove that no money was doubled.

For every PaymentIntent its holds, captures, releases and refunds; for every idempotency key the
digests of the bodies that it carried. Held = captured + released + still held and refunded ≤
captured, for each of them.
"""

from dataclasses import asdict

from stripe_emulator.account.account import Account
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.operations.balance import totals
from stripe_emulator.requests.idempotency import IdempotencyKeys, KeyRecord
from stripe_emulator.wire.json import JsonObject


def ledger(account: Account, keys: IdempotencyKeys) -> JsonObject:
    """The whole ledger, oldest first, with the sums of each currency."""
    return {
        "payment_intents": [intent_line(account, intent) for intent in account.payment_intents],
        "idempotency_keys": [_key_line(record) for record in keys],
        "totals": {currency: asdict(total) for currency, total in totals(account).items()},
    }


def intent_line(account: Account, intent: PaymentIntent) -> JsonObject:
    """A PaymentIntent with its holds, captures and releases; `at` is in seconds since 1970."""
    charges = [charge for charge in account.charges.group(intent.id) if charge.failure is None]
    return {
        "id": intent.id,
        "created": intent.created,
        "status": intent.status,
        "amount": intent.amount,
        "currency": intent.currency,
        "customer": intent.customer,
        "metadata": intent.metadata,
        "holds": [_movement(charge, charge.amount, charge.created) for charge in charges],
        "captures": [
            _movement(charge, charge.amount_captured, charge.captured_at)
            for charge in charges
            if charge.amount_captured
        ],
        "releases": [
            _movement(charge, charge.amount_released, charge.released_at)
            for charge in charges
            if charge.amount_released
        ],
        "refunds": [
            {"refund": refund.id, **_movement(charge, refund.amount, refund.created)}
            for charge in charges
            for refund in account.refunds.group(charge.id)
            if not refund.reversal and refund.failure_reason is None
        ],
        "held": sum(charge.amount_held for charge in charges),
    }


def _movement(charge: Charge, amount: int, at: int | None) -> JsonObject:
    return {"charge": charge.id, "amount": amount, "at": at}


def _key_line(record: KeyRecord) -> JsonObject:
    return {
        "key": record.key,
        "digests": dict(record.digests),
        "status": record.answer.status if record.answer else None,
        "request_id": record.request_id,
    }
