"""The ledger: proof that no money moved twice.

It has the holds, captures, releases and refunds of every PaymentIntent, and the digests of the
bodies of every idempotency key. Held = captured + released + still held, and refunded ≤ captured,
for each PaymentIntent.
"""

from dataclasses import asdict

from stripe_emulator.account.account import Account
from stripe_emulator.account.movements import movements, totals
from stripe_emulator.requests.idempotency import IdempotencyKeys, KeyRecord
from stripe_emulator.wire.json import JsonObject


def ledger(account: Account, keys: IdempotencyKeys) -> JsonObject:
    """Return the whole ledger, oldest first, with the sums of each currency."""
    return {
        "payment_intents": [movements(account, intent) for intent in account.payment_intents],
        "idempotency_keys": [_key(record) for record in keys],
        "totals": {currency: asdict(total) for currency, total in totals(account).items()},
    }


def _key(record: KeyRecord) -> JsonObject:
    return {
        "key": record.key,
        "digests": dict(record.digests),
        "status": record.response.status if record.response else None,
        "request_id": record.request_id,
    }
