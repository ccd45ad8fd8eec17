from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from payment_service.agents import payment_intake
from payment_service.model.authorization import Authorized, Declined
from payment_service.model.failures import verdict_of
from payment_service.model.payment import KnownPayment
from payment_service.model.ports import Decided
from payment_service.storage.orm import messaging, payments
from payment_service.storage.repository import lock
from saga_messaging.records import Record
from saga_schemas import encode
from saga_schemas.payment import AuthorizePayment
from saga_schemas.settlement import CancelPayment, CancelPaymentPayload
from saga_schemas.topics import PAYMENT_EVENTS
from sqlalchemy import select

OUTCOMES = [
    Authorized("pi_1", datetime(2026, 12, 1, tzinfo=UTC)),
    Authorized("pi_1"),
    Declined("No.", "card_declined", "lost_card", "do_not_try_again", "pi_1"),
]


class Executor:
    """Remembers what it is offered."""

    def __init__(self):
        self.offered = []
        self.halted = []

    def offer(self, leases):
        self.offered.extend(leases)

    def halt(self, tokens):
        self.halted.extend(tokens)


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
        Record("payment_commands", 0, offset, b"key", encode(each))
        for offset, each in enumerate(commands)
    ]


async def test_a_command_becomes_a_leased_payment_for_the_executor(
    intake, executor, rows, make_payment
):
    payment = make_payment()

    await intake.receive(records(command(payment)))

    (row,) = rows(payments)
    assert [lease.payment for lease in executor.offered] == [payment]
    assert (row.status, row.attempts, row.last_error) == ("pending", 1, None)
    assert row.next_try_at > row.created_at
    assert rows(messaging.outbox) == []


async def test_a_command_that_comes_again_has_no_effect(intake, executor, rows, make_payment):
    asked = records(command(make_payment()))

    await intake.receive(asked)
    await intake.receive(asked)

    assert (len(rows(payments)), len(executor.offered)) == (1, 1)


async def test_another_command_of_the_saga_is_visibly_already_in_work(
    intake, executor, rows, make_payment
):
    payment, other = make_payment(), uuid4()

    await intake.receive(records(command(payment)))
    await intake.receive(records(command(payment, other)))

    effects = {row.message_id: row.effect for row in rows(messaging.inbox)}
    assert effects[other] == "already in work"
    assert (len(rows(payments)), len(executor.offered)) == (1, 1)


@pytest.mark.parametrize("change", [{"amount": 1300}, {"stripe_customer_id": "cus_2"}])
async def test_another_payment_for_the_saga_is_a_dead_letter(
    intake, executor, rows, make_payment, change
):
    payment = make_payment()
    other = replace(payment, command_id=uuid4(), **change)

    await intake.receive(records(command(payment), command(other)))

    (row,), (letter,) = rows(payments), rows(messaging.outbox)
    assert (row.amount, row.stripe_customer_id) == (1299, "cus_1")
    assert letter.type == "dead-letter"
    assert str(*change) in letter.headers["dead-letter-reason"]
    assert [lease.payment for lease in executor.offered] == [payment]


@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_another_command_of_a_decided_saga_is_answered_from_the_row(
    intake, real_work, rows, make_payment, outcome
):
    work, payment, other = real_work(30), make_payment(), uuid4()
    await work.write([Decided(work.put(payment), verdict_of(outcome))])

    await intake.receive(records(command(payment, other)))

    first, second = [PAYMENT_EVENTS.adapter.validate_json(row.value) for row in rows_of(rows)]
    assert first.payload == second.payload
    assert (first.causation_id, second.causation_id) == (payment.command_id, other)
    assert first.message_id != second.message_id


def rows_of(rows):
    return sorted(rows(messaging.outbox), key=lambda row: row.created_at)


@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_a_verdict_is_read_as_it_was_written(database, real_work, make_payment, outcome):
    work, payment, verdict = real_work(30), make_payment(), verdict_of(outcome)
    await work.write([Decided(work.put(payment), verdict)])

    with database.engine.connect() as connection:
        known = lock(connection, [payment.saga_id, "another"])

    stored = KnownPayment(payment.saga_id, payment, attempts=1)
    assert known == {payment.saga_id: stored.decided(verdict)}


async def test_a_customer_without_a_card_is_answered_at_once(intake, executor, rows, make_payment):
    await intake.receive(records(command(make_payment(), card=False)))

    (row,), (event,) = rows(payments), rows(messaging.outbox)
    assert (row.status, row.next_try_at) == ("failed", None)
    assert row.failure["code"] == "payment_method_not_found"
    assert event.type == "payment.failed"
    assert executor.offered == []


async def test_a_result_that_comes_too_late_sends_nothing(real_work, rows, make_payment):
    work = real_work(30)
    lease = work.put(make_payment())

    for outcome in OUTCOMES:
        await work.write([Decided(lease, verdict_of(outcome))])

    (row,) = rows(payments)
    assert row.status == "authorized"
    assert [event.type for event in rows(messaging.outbox)] == ["payment.authorized"]


async def test_whoever_renews_a_lease_learns_that_someone_waits_to_cancel(
    intake, executor, real_work, make_payment
):
    work, payment = real_work(30), make_payment()
    lease = work.put(payment)
    canceling = CancelPayment(
        correlation_id=payment.saga_id, message_id=uuid4(), payload=CancelPaymentPayload()
    )

    before = await work.renew([lease])
    await intake.receive(records(canceling))
    after = await work.renew([lease])
    await work.give_back([lease])
    (taken,) = await work.take(1)

    assert (before, after) == ({lease.token: False}, {lease.token: True})
    assert executor.halted == [lease.token]
    assert taken.halted


async def test_a_reply_answers_the_newest_command(intake, real_work, rows, make_payment):
    work, payment, newer = real_work(30), make_payment(), uuid4()
    lease = work.put(payment)

    await intake.receive(records(command(payment, newer)))
    await work.write([Decided(lease, Authorized("pi_1"))])

    (event,) = [PAYMENT_EVENTS.adapter.validate_json(row.value) for row in rows_of(rows)]
    assert event.causation_id == newer
