"""HTTP problems (RFC 9457) of the service's errors."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fastapi_problem.error import Problem
from saga_messaging.http.problems import Handler

from payment_service.errors import (
    InvalidWebhook,
    PaymentNotFound,
    PaymentsRemoved,
    StripeUnreadable,
    WebhooksNotConfigured,
)


def _problem(status: int, type_: str, title: str, detail: str = "{error}") -> Handler:
    def handle(_: Any, __: Any, error: Exception) -> Problem:
        return Problem(title, type_=type_, status=status, detail=detail.format(error=error))

    return handle


PROBLEMS: Final[Mapping[type[Exception], Handler]] = MappingProxyType(
    {
        PaymentNotFound: _problem(404, "payment-not-found", "Payment not found."),
        PaymentsRemoved: _problem(422, "payments-removed", "Payments of that time are removed."),
        WebhooksNotConfigured: _problem(503, "no-webhook-secret", "Webhooks are not configured."),
        InvalidWebhook: _problem(400, "unacceptable-webhook", "Not a valid Stripe webhook."),
        StripeUnreadable: _problem(
            503, "service-unavailable", "Stripe is unavailable.", "Stripe cannot be read: {error}"
        ),
    }
)
"""The problem of each error. `type` is part of the API and does not change."""
