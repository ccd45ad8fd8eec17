"""What each operation accepts, as data: Stripe's parameter names, and how each is read."""

from typing import Final

from stripe_emulator.forms import FormValue
from stripe_emulator.parameters import (
    Accepts,
    Reader,
    at_most,
    boolean,
    choice,
    email,
    filled,
    integer,
    mapping,
    metadata,
    not_emulated,
    only,
    text,
    texts,
    time_range,
)


def _off_session(param: str, value: FormValue) -> bool:
    return value in {"one_off", "recurring"} or boolean(param, value)


def _unsupported(names: str) -> dict[str, Reader]:
    return dict.fromkeys(names.split(), not_emulated)


_ADDRESS: Final = mapping(
    city=text, country=text, line1=text, line2=text, postal_code=text, state=text
)
_SHIPPING: Final = mapping(
    address=_ADDRESS, carrier=text, name=text, phone=text, tracking_number=text
)
_PAGE: Final[dict[str, Reader]] = {
    "ending_before": filled,
    "expand": texts,
    "limit": integer,
    "starting_after": filled,
}
EXPAND_ONLY: Final = Accepts({"expand": texts})
NOTHING: Final = Accepts({})

_CUSTOMER: Final[dict[str, Reader]] = {
    "address": _ADDRESS,
    "description": text,
    "email": email,
    "expand": texts,
    "invoice_settings": mapping(default_payment_method=text),
    "metadata": metadata,
    "name": text,
    "phone": text,
    "shipping": mapping(address=_ADDRESS, name=text, phone=text),
    **_unsupported(
        "balance business_name cash_balance individual_name invoice_prefix next_invoice_sequence "
        "preferred_locales source tax tax_exempt"
    ),
}
CUSTOMER_CREATE: Final = Accepts(
    {**_CUSTOMER, "payment_method": filled, **_unsupported("tax_id_data test_clock")}
)
CUSTOMER_UPDATE: Final = Accepts({**_CUSTOMER, **_unsupported("default_source")})
CUSTOMER_LIST: Final = Accepts(
    {**_PAGE, "created": time_range, "email": text, **_unsupported("test_clock")}
)

_BILLING_DETAILS: Final = mapping(address=_ADDRESS, email=text, name=text, phone=text, tax_id=text)
_REDISPLAY: Final = choice("always", "limited", "unspecified")
PAYMENT_METHOD_CREATE: Final = Accepts(
    {
        "allow_redisplay": _REDISPLAY,
        "billing_details": _BILLING_DETAILS,
        "card": mapping(token=filled, **_unsupported("cvc exp_month exp_year networks number")),
        "expand": texts,
        "metadata": metadata,
        "type": only("card"),
        **_unsupported("customer payment_method radar_options us_bank_account"),
    },
    required=("type",),
)
PAYMENT_METHOD_UPDATE: Final = Accepts(
    {
        "allow_redisplay": _REDISPLAY,
        "billing_details": _BILLING_DETAILS,
        "expand": texts,
        "metadata": metadata,
        **_unsupported("card us_bank_account"),
    }
)
PAYMENT_METHOD_ATTACH: Final = Accepts(
    {"customer": filled, "expand": texts, **_unsupported("customer_account")}
)
_PAYMENT_METHOD_PAGE: Final[dict[str, Reader]] = {
    **_PAGE,
    "type": filled,
    **_unsupported("allow_redisplay"),
}
PAYMENT_METHODS_OF_CUSTOMER: Final = Accepts(_PAYMENT_METHOD_PAGE)
PAYMENT_METHOD_LIST: Final = Accepts(
    {**_PAYMENT_METHOD_PAGE, "customer": filled, **_unsupported("customer_account")}
)

_INTENT: Final[dict[str, Reader]] = {
    "capture_method": choice("automatic", "automatic_async", "manual"),
    "expand": texts,
    "payment_method": filled,
    "payment_method_options": mapping(
        card=mapping(
            request_three_d_secure=only("automatic"),
            **_unsupported(
                "capture_method installments mandate_options moto network "
                "request_extended_authorization request_incremental_authorization "
                "request_multicapture request_overcapture setup_future_usage three_d_secure"
            ),
        )
    ),
    "payment_method_types": texts,
    "receipt_email": email,
    "setup_future_usage": choice("off_session", "on_session"),
    "shipping": _SHIPPING,
    **_unsupported(
        "allowed_payment_method_types amount_details excluded_payment_method_types hooks "
        "payment_details payment_method_data"
    ),
}
_INTENT_COLUMNS: Final[dict[str, Reader]] = {
    "amount": integer,
    "currency": filled,
    "customer": filled,
    "description": at_most(1000),
    "metadata": metadata,
    "statement_descriptor": at_most(22),
    "statement_descriptor_suffix": at_most(22),
    "transfer_group": text,
    **_unsupported(
        "application_fee_amount customer_account payment_method_configuration transfer_data"
    ),
}
_CONFIRMING: Final[dict[str, Reader]] = {
    "error_on_requires_action": boolean,
    "off_session": _off_session,
    "return_url": filled,
    **_unsupported("confirmation_token mandate mandate_data radar_options use_stripe_sdk"),
}
PAYMENT_INTENT_CREATE: Final = Accepts(
    {
        **_INTENT,
        **_INTENT_COLUMNS,
        **_CONFIRMING,
        "automatic_payment_methods": mapping(
            enabled=boolean, allow_redirects=choice("always", "never")
        ),
        "confirm": boolean,
        "confirmation_method": choice("automatic", "manual"),
        **_unsupported("on_behalf_of"),
    },
    required=("amount", "currency"),
)
PAYMENT_INTENT_UPDATE: Final = Accepts({**_INTENT, **_INTENT_COLUMNS})
PAYMENT_INTENT_CONFIRM: Final = Accepts(
    {**_INTENT, **_CONFIRMING, "client_secret": filled, **_unsupported("amount_to_confirm")}
)
PAYMENT_INTENT_RETRIEVE: Final = Accepts({"client_secret": filled, "expand": texts})
PAYMENT_INTENT_CAPTURE: Final = Accepts(
    {
        "amount_to_capture": integer,
        "expand": texts,
        "metadata": metadata,
        "statement_descriptor": at_most(22),
        "statement_descriptor_suffix": at_most(22),
        **_unsupported(
            "amount_details application_fee_amount final_capture hooks payment_details "
            "transfer_data"
        ),
    }
)
PAYMENT_INTENT_CANCEL: Final = Accepts(
    {
        "cancellation_reason": choice(
            "duplicate", "fraudulent", "requested_by_customer", "abandoned"
        ),
        "expand": texts,
    }
)
PAYMENT_INTENT_LIST: Final = Accepts(
    {**_PAGE, "created": time_range, "customer": filled, **_unsupported("customer_account")}
)
PAYMENT_INTENT_SEARCH: Final = Accepts(
    {"expand": texts, "limit": integer, "page": filled, "query": filled}, required=("query",)
)
CHARGE_LIST: Final = Accepts(
    {
        **_PAGE,
        "created": time_range,
        "customer": filled,
        "payment_intent": filled,
        **_unsupported("transfer_group"),
    }
)
