from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from payment_service.agents import payment_intake
from payment_service.model.authorization import Authorized, Declined
from payment_service.model.failures import authorization_result
from payment_service.model.payment import Payment
from payment_service.model.ports import Completed
from payment_service.storage.orm import messaging, payments
from payment_service.storage.repository import lock
from saga_messaging.kafka.records import Record
from saga_schemas import encode
from saga_schemas.payment import AuthorizePayment
from saga_schemas.payment_lifecycle import CancelPayment, CancelPaymentPayload
from saga_schemas.topics import PAYMENT_EVENTS
from sqlalchemy import select

OUTCOMES = [
    Authorized("pi_1", datetime(2026, 12, 1, tzinfo=UTC)),
    Authorized("pi_1"),
    Declined("No.", "card_declined", "lost_card", "do_not_try_again", "pi_1"),
]


class Executor:
    """Records the leases and cancellations it receives."""

    def __init__(self):
        self.offered = []
        self.to_cancel = []

    def offer(self, leases):
        self.offered.extend(leases)

    def request_cancel(self, tokens):
        self.to_cancel.extend(tokens)


@pytest.fixture
def executor():
    return Executor()


@pytest.fixture
def intake(database, outbox, executor, settings):
    return payment_intake(database, outbox, executor, settings)


@pytest.fixture
def rows(database):
    def rows(table):
        with database.engine.connect() as connection:
            return connection.execute(select(table)).all()

    return rows


def command(payment, message_id=None, card=True):
    return AuthorizePayment.model_validate(
        {
            "correlation_id": payment.saga_id,
            "message_id": message_id or payment.command_id,
            "payload": {
                "customer": {
                    "clerkUserId": payment.clerk_user_id,
                    "stripeCustomerId": payment.stripe_customer_id,
                    "userStripeCard": {"payment_method_id": payment.payment_method_id}
                    if card
                    else None,
                },
                "order": {"amount": payment.amount, "description": payment.description},
            },
        }
    )


def records(*commands):
    return [
        Record("payment_commands", 0, offset, b"key", encode(sent))
        for offset, sent in enumerate(commands)
    ]


async def test_a_command_stores_a_payment_and_offers_its_lease(
    intake, executor, rows, make_request
):
    payment = make_request()

    await intake.receive(records(command(payment)))

    (row,) = rows(payments)
    assert [lease.request for lease in executor.offered] == [payment]
    assert (row.status, row.attempts, row.last_error) == ("pending", 1, None)
    assert row.next_try_at > row.created_at
    assert rows(messaging.outbox) == []


async def test_a_duplicate_command_has_no_effect(intake, executor, rows, make_request):
    sent = records(command(make_request()))

    await intake.receive(sent)
    await intake.receive(sent)

    assert (len(rows(payments)), len(executor.offered)) == (1, 1)


async def test_another_command_of_the_saga_is_recorded_as_already_in_progress(
    intake, executor, rows, make_request
):
    payment, other = make_request(), uuid4()

    await intake.receive(records(command(payment)))
    await intake.receive(records(command(payment, other)))

    effects = {row.message_id: row.effect for row in rows(messaging.inbox)}
    assert effects[other] == "already in progress"
    assert (len(rows(payments)), len(executor.offered)) == (1, 1)


@pytest.mark.parametrize(
    "change", [{"amount": 1300}, {"stripe_customer_id": "cus_2"}, {"payment_method_id": "pm_2"}]
)
async def test_a_different_payment_for_the_saga_is_a_dead_letter(
    intake, executor, rows, make_request, change
):
    payment = make_request()
    other = replace(payment, command_id=uuid4(), **change)

    await intake.receive(records(command(payment), command(other)))

    (row,), (dead_letter,) = rows(payments), rows(messaging.outbox)
    assert (row.amount, row.stripe_customer_id) == (1299, "cus_1")
    assert dead_letter.type == "dead-letter"
    assert str(*change) in dead_letter.headers["dead-letter-reason"]
    assert [lease.request for lease in executor.offered] == [payment]


@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_another_command_of_a_decided_saga_gets_its_reply_from_the_row(
    intake, real_lease_store, rows, make_request, outcome
):
    lease_store, payment, other = real_lease_store(30), make_request(), uuid4()
    await lease_store.write([Completed(lease_store.put(payment), authorization_result(outcome))])

    await intake.receive(records(command(payment, other)))

    first, second = [PAYMENT_EVENTS.adapter.validate_json(row.value) for row in rows_of(rows)]
    assert first.payload == second.payload
    assert (first.causation_id, second.causation_id) == (payment.command_id, other)
    assert first.message_id != second.message_id


def rows_of(rows):
    return sorted(rows(messaging.outbox), key=lambda row: row.created_at)


@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_a_result_is_read_as_it_was_written(
    database, real_lease_store, make_request, outcome
):
    lease_store, payment, result = (
        real_lease_store(30),
        make_request(),
        authorization_result(outcome),
    )
    await lease_store.write([Completed(lease_store.put(payment), result)])

    with database.engine.connect() as connection:
        found = lock(connection, [payment.saga_id, "another"])

    stored = Payment(payment.saga_id, payment, attempts=1)
    assert found == {payment.saga_id: stored.with_authorization(result)}


async def test_a_customer_without_a_card_gets_an_immediate_reply(
    intake, executor, rows, make_request
):
    await intake.receive(records(command(make_request(), card=False)))

    (row,), (event,) = rows(payments), rows(messaging.outbox)
    assert (row.status, row.next_try_at) == ("failed", None)
    assert row.failure["code"] == "payment_method_not_found"
    assert event.type == "payment.failed"
    assert executor.offered == []


async def test_a_superseded_result_publishes_nothing(real_lease_store, rows, make_request):
    lease_store = real_lease_store(30)
    lease = lease_store.put(make_request())

    for outcome in OUTCOMES:
        await lease_store.write([Completed(lease, authorization_result(outcome))])

    (row,) = rows(payments)
    assert row.status == "authorized"
    assert [event.type for event in rows(messaging.outbox)] == ["payment.authorized"]


async def test_renewing_a_lease_reports_a_waiting_cancellation(
    intake, executor, real_lease_store, make_request
):
    lease_store, payment = real_lease_store(30), make_request()
    lease = lease_store.put(payment)
    canceling = CancelPayment(
        correlation_id=payment.saga_id, message_id=uuid4(), payload=CancelPaymentPayload()
    )

    assert await lease_store.start([lease]) == [False]
    before = await lease_store.renew([lease])
    await intake.receive(records(canceling))
    after = await lease_store.renew([lease])
    await lease_store.give_back([lease])
    (taken,) = await lease_store.take(1)

    assert (before, after) == ({lease.token: False}, {lease.token: True})
    assert executor.to_cancel == [lease.token]
    assert taken.cancel_requested


async def test_a_reply_is_caused_by_the_newest_command(
    intake, real_lease_store, rows, make_request
):
    lease_store, payment, newer = real_lease_store(30), make_request(), uuid4()
    lease = lease_store.put(payment)

    await intake.receive(records(command(payment, newer)))
    await lease_store.write([Completed(lease, Authorized("pi_1"))])

    (event,) = [PAYMENT_EVENTS.adapter.validate_json(row.value) for row in rows_of(rows)]
    assert event.causation_id == newer
