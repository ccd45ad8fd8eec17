"""Holds that a person named to be released: each has a line in the report."""

from collections.abc import Collection, Sequence

from payment_service.model.stripe_results import IntentSnapshot
from payment_service.reconciliation.judge import Action
from payment_service.reconciliation.report import Difference, Report


class NamedHolds:
    """The named PaymentIntents of one run, and what is known of them."""

    def __init__(self, named: Collection[str]) -> None:
        self._named = named
        self._seen: dict[str, Difference] = {}

    def see(self, page: Sequence[IntentSnapshot], ours: Collection[str]) -> None:
        """Note the named ones of a page of PaymentIntents; `ours` are the ids of those compared."""
        for intent in page:
            if intent.payment_intent_id in self._named:
                known = intent.payment_intent_id in ours
                reason = (
                    f"it was not released: it is {intent.status}, and agrees with the records"
                    if known
                    else "it was not released: it has no mark of this installation, or no saga"
                )
                self._seen[intent.payment_intent_id] = _line(
                    intent.payment_intent_id, reason, intent.saga_id
                )

    def add_to(self, report: Report) -> None:
        """Add a line with the reason for each that has none."""
        lines = [*report.waiting, *report.repaired, *report.not_repaired]
        reported = {line.payment_intent_id for line in lines}
        since = report.since.isoformat(timespec="seconds")
        unseen = f"Stripe has no PaymentIntent with this id that was created since {since}"
        missing = sorted({*self._named} - reported)
        report.not_repaired += [self._seen.get(each) or _line(each, unseen) for each in missing]


def _line(payment_intent_id: str, reason: str, saga_id: str = "") -> Difference:
    return Difference(
        saga_id=saga_id, payment_intent_id=payment_intent_id, action=Action.REPORT, reason=reason
    )
