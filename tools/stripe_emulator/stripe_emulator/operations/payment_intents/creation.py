"""Creation of PaymentIntents: their attributes and the checks of their parameters."""

from stripe_emulator.account.account import Account, check_usable
from stripe_emulator.account.metadata import merge
from stripe_emulator.objects.currencies import check_amount, check_currency
from stripe_emulator.objects.payment_intent import CARD_OPTIONS, PaymentIntent
from stripe_emulator.objects.payment_method import PaymentMethod
from stripe_emulator.wire.errors import InvalidParameters
from stripe_emulator.wire.parameters import Parameters

_ONLY_WITH_CONFIRM = ("off_session", "return_url", "error_on_requires_action")


def build_payment_intent(account: Account, parameters: Parameters) -> PaymentIntent:
    """Build a PaymentIntent without adding it to a collection.

    Raises:
        InvalidParameters: If parameters contradict each other or exceed Stripe's limits.
        ResourceMissing: If the customer or the payment method is unknown.
    """
    _check_combination(parameters)
    currency = check_currency(parameters.required_text("currency"))
    amount = check_amount(parameters.integer("amount") or 0, currency)
    customer = parameters.text("customer")
    if customer is not None:
        account.customer(customer, "customer", in_path=False)
    method = resolve_payment_method(account, parameters, customer)
    intent_id = account.ids.new("pi")
    return PaymentIntent(
        id=intent_id,
        created=account.clock.now(),
        client_secret=account.ids.client_secret(intent_id),
        amount=amount,
        currency=currency,
        capture_method=parameters.text("capture_method") or "automatic_async",
        confirmation_method=parameters.text("confirmation_method") or "automatic",
        redirects=_redirects(parameters),
        payment_method_types=parameters.texts("payment_method_types") or ["card"],
        customer=customer,
        payment_method=method,
        description=parameters.text("description"),
        receipt_email=parameters.text("receipt_email"),
        setup_future_usage=parameters.text("setup_future_usage"),
        shipping=parameters.mapping("shipping"),
        statement_descriptor=parameters.text("statement_descriptor"),
        statement_descriptor_suffix=parameters.text("statement_descriptor_suffix"),
        transfer_group=parameters.text("transfer_group"),
        card_options=CARD_OPTIONS,
        metadata=merge({}, parameters.metadata()),
        status="requires_confirmation" if method else "requires_payment_method",
    )


def resolve_payment_method(
    account: Account, parameters: Parameters, customer: str | None
) -> str | None:
    """Return the id of the requested payment method; a token creates one.

    Raises:
        InvalidParameters: If it is another customer's or used up.
        ResourceMissing: If it is unknown.
    """
    wanted = parameters.text("payment_method")
    if wanted is None:
        return None
    method = account.payment_method(wanted, in_path=False)
    check_owner(method, customer)
    check_usable(method)
    return method.id


def check_owner(method: PaymentMethod, customer: str | None) -> None:
    """Check that a payment method does not belong to another customer.

    Raises:
        InvalidParameters: If it does.
    """
    if method.customer is None or method.customer == customer:
        return
    if customer is None:
        raise InvalidParameters(
            f"The `payment_method` parameter supplied {method.id} belongs to the Customer "
            f"{method.customer}. Please include the Customer in the `customer` parameter on the "
            "PaymentIntent.",
            code="parameter_missing",
            param="source",
        )
    raise InvalidParameters(
        f"The PaymentMethod {method.id} does not belong to the Customer you supplied {customer}. "
        "Please use this PaymentMethod with the Customer that it belongs to instead.",
        param="payment_method",
    )


def _check_combination(parameters: Parameters) -> None:
    if "payment_method_types" in parameters and "automatic_payment_methods" in parameters:
        raise InvalidParameters(
            "You may only specify one of these parameters: automatic_payment_methods, "
            "payment_method_types."
        )
    if parameters.flag("confirm"):
        return
    for param in _ONLY_WITH_CONFIRM:
        if param in parameters:
            raise InvalidParameters(
                f"The parameter `{param}` cannot be passed when creating a PaymentIntent unless "
                "`confirm` is set to true.",
                param=param,
            )


def _redirects(parameters: Parameters) -> str | None:
    if "payment_method_types" in parameters:
        return None
    automatic = parameters.nested("automatic_payment_methods")
    if "enabled" in automatic and not automatic.flag("enabled"):
        return None
    return automatic.text("allow_redirects") or "always"
