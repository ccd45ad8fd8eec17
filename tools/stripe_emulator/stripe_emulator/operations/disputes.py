"""The operations on disputes, and the test cards that open them.

https://docs.stripe.com/api/disputes and https://docs.stripe.com/testing#disputes . The order of the
events and the statuses between them were not observed.
"""

from typing import Final

from stripe_emulator.account.account import Account
from stripe_emulator.account.metadata import merge
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.dispute import Dispute
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.lists import list_page
from stripe_emulator.wire.errors import ResourceMissing, StripeError
from stripe_emulator.wire.json import JsonObject

_RESULTS: Final = {"winning_evidence": "won", "losing_evidence": "lost"}
"""The texts that decide a dispute in test mode."""


def open_dispute(account: Account, charge: Charge) -> None:
    """Open the dispute or the inquiry of a captured charge whose card has one."""
    kind = charge.card.dispute
    if kind is None:
        return
    is_inquiry = kind == "inquiry"
    dispute = Dispute(
        id=account.ids.new("dp"),
        created=account.clock.now(),
        amount=charge.amount_captured,
        currency=charge.currency,
        charge=charge.id,
        payment_intent=charge.payment_intent,
        card=charge.card,
        reason="fraudulent" if is_inquiry else kind,
        status="warning_needs_response" if is_inquiry else "needs_response",
    )
    charge.disputed = not is_inquiry
    account.disputes.add(dispute)
    account.disputes.add_to_group(charge.id, dispute)
    account.disputes.add_to_group(charge.payment_intent, dispute)
    account.emit("charge.dispute.created", dispute)
    if not is_inquiry:
        account.emit("charge.dispute.funds_withdrawn", dispute)


def retrieve(call: Call) -> JsonObject:
    """Return the dispute."""
    return _dispute(call).as_json()


def update(call: Call) -> JsonObject:
    """Change the metadata or the evidence; submitted evidence may decide the dispute.

    Raises:
        StripeError: If the dispute has ended and evidence is given.
    """
    dispute, evidence = _dispute(call), call.parameters.mapping("evidence")
    dispute.metadata = merge(dispute.metadata, call.parameters.metadata())
    if evidence is None:
        call.account.emit("charge.dispute.updated", dispute)
        return dispute.as_json()
    _check_open(dispute)
    before: JsonObject = {"status": dispute.status}
    dispute.evidence_text = str(evidence.get("uncategorized_text") or "") or None
    submit = "submit" not in call.parameters or call.parameters.flag("submit")
    if submit:
        dispute.submission_count += 1
        dispute.status = "warning_under_review" if dispute.is_inquiry else "under_review"
    call.account.emit("charge.dispute.updated", dispute, before)
    result = _RESULTS.get(dispute.evidence_text or "")
    if submit and result is not None:
        _end(call.account, dispute, "warning_closed" if dispute.is_inquiry else result)
    return dispute.as_json()


def close(call: Call) -> JsonObject:
    """Accept the dispute, which is then lost; an inquiry is closed.

    Raises:
        StripeError: If the dispute has ended.
    """
    dispute = _dispute(call)
    _check_open(dispute)
    _end(call.account, dispute, "warning_closed" if dispute.is_inquiry else "lost")
    return dispute.as_json()


def list_all(call: Call) -> JsonObject:
    """List disputes, newest first, all or those of one charge or PaymentIntent."""
    parameters = call.parameters
    return list_page(
        call.account.disputes,
        parameters,
        url="/v1/disputes",
        kind="dispute",
        group=parameters.text("charge") or parameters.text("payment_intent"),
    )


def _end(account: Account, dispute: Dispute, status: str) -> None:
    before: JsonObject = {"status": dispute.status}
    dispute.status = status
    account.emit("charge.dispute.closed", dispute, before)
    if status == "won":
        account.emit("charge.dispute.funds_reinstated", dispute)


def _check_open(dispute: Dispute) -> None:
    if not dispute.is_open:
        raise StripeError("This dispute is already closed")


def _dispute(call: Call) -> Dispute:
    dispute = call.account.disputes.get(call.ids[0])
    if dispute is None:
        raise ResourceMissing("dispute", call.ids[0], param="dispute", in_path=True)
    return dispute
