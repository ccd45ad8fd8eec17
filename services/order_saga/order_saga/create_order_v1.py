"""Version 1 of the Create Order saga: it ends at the hold. Sagas that began under it end under it.

retrieving_payment_info --> authorizing --> authorized
           |                     |
           +---------------------+--------> rejected
"""

from saga_schemas.payment import PaymentAuthorized, PaymentFailed
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved

from order_saga import announcements as tell
from order_saga import order_commands as ask
from order_saga import order_refusals as refuse
from order_saga import order_steps as do
from order_saga.definition import Definition, End, Kind, On, OnTimeout, Rest, Step
from order_saga.domain import State
from order_saga.soundness import sound
from order_saga.step_times import StepTimes


def create_order_v1(times: StepTimes) -> Definition:
    """The declaration as it was; an authorization whose outcome is unknown stays, overdue."""
    return sound(
        Definition(
            version=1,
            start=State.RETRIEVING_PAYMENT_INFO,
            nodes={
                State.RETRIEVING_PAYMENT_INFO: Step(
                    Kind.COMPENSATABLE,
                    command=ask.retrieve_payment_info,
                    on=(
                        On(
                            PaymentInfoRetrieved,
                            do.remember_customer,
                            then=State.AUTHORIZING,
                            unless=refuse.another_user,
                        ),
                        On(PaymentInfoFailed, do.remember_reason, then=State.REJECTED),
                    ),
                    timeout_seconds=times.payment_info_seconds,
                    on_timeout=OnTimeout(do.user_service_silent, then=State.REJECTED),
                    nothing_to_undo=True,
                ),
                State.AUTHORIZING: Step(
                    Kind.RETRIABLE,
                    command=ask.authorize_payment,
                    on=(
                        On(
                            PaymentAuthorized,
                            do.remember_hold,
                            then=State.AUTHORIZED,
                            unless=refuse.another_amount,
                        ),
                        On(PaymentFailed, do.remember_refusal, then=State.REJECTED),
                    ),
                    timeout_seconds=times.authorization_seconds,
                    on_timeout=None,
                ),
                State.AUTHORIZED: Rest(announce=tell.order_authorized),
                State.REJECTED: End(announce=tell.order_rejected),
            },
        )
    )
