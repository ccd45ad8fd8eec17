"""The parameters of the operations on PaymentIntents, with their readers."""

from typing import Final

from stripe_emulator.operations.schemas import OTHER_TYPES, PAGE, SHIPPING, unsupported
from stripe_emulator.wire.forms import FormValue
from stripe_emulator.wire.parameters import ParameterSpec, Reader
from stripe_emulator.wire.readers import (
    boolean,
    choice,
    clearable,
    email,
    integer,
    mapping,
    max_length,
    metadata,
    non_empty,
    only,
    text,
    texts,
    time_range,
)


def _off_session(param: str, value: FormValue) -> bool:
    return value in ("one_off", "recurring") or boolean(param, value)


_SETUP_FUTURE_USAGE: Final = choice("off_session", "on_session")
_INTENT: Final[dict[str, Reader]] = {
    "capture_method": choice("automatic", "automatic_async", "manual"),
    "expand": texts,
    "payment_method": non_empty,
    "payment_method_options": mapping(
        card=mapping(
            request_three_d_secure=only("automatic"),
            **unsupported(
                "capture_method cvc_token installments mandate_options network "
                "request_extended_authorization request_incremental_authorization "
                "request_multicapture request_overcapture require_cvc_recollection "
                "setup_future_usage statement_descriptor_suffix_kana "
                "statement_descriptor_suffix_kanji three_d_secure"
            ),
        ),
        **unsupported(f"card_present {OTHER_TYPES}"),
    ),
    "payment_method_types": texts,
    "receipt_email": email,
    "setup_future_usage": _SETUP_FUTURE_USAGE,
    "shipping": SHIPPING,
    **unsupported(
        "allowed_payment_method_types amount_details excluded_payment_method_types hooks "
        "payment_details payment_method_data"
    ),
}
_CLEARING: Final[dict[str, Reader]] = {"setup_future_usage": clearable(_SETUP_FUTURE_USAGE)}
_INTENT_COLUMNS: Final[dict[str, Reader]] = {
    "amount": integer,
    "currency": non_empty,
    "customer": non_empty,
    "description": max_length(1000),
    "metadata": metadata,
    "statement_descriptor": max_length(22),
    "statement_descriptor_suffix": max_length(22),
    "transfer_group": text,
    **unsupported(
        "application_fee_amount customer_account payment_method_configuration transfer_data"
    ),
}
_CONFIRMING: Final[dict[str, Reader]] = {
    "error_on_requires_action": boolean,
    "off_session": _off_session,
    "return_url": non_empty,
    **unsupported("confirmation_token mandate mandate_data radar_options use_stripe_sdk"),
}
CREATE: Final = ParameterSpec(
    {
        **_INTENT,
        **_INTENT_COLUMNS,
        **_CONFIRMING,
        "automatic_payment_methods": mapping(
            "enabled", enabled=boolean, allow_redirects=choice("always", "never")
        ),
        "confirm": boolean,
        "confirmation_method": choice("automatic", "manual"),
        **unsupported("on_behalf_of"),
    },
    required=("amount", "currency"),
)
UPDATE: Final = ParameterSpec({**_INTENT, **_INTENT_COLUMNS, **_CLEARING})
CONFIRM: Final = ParameterSpec(
    {
        **_INTENT,
        **_CONFIRMING,
        **_CLEARING,
        "client_secret": non_empty,
        **unsupported("amount_to_confirm"),
    }
)
RETRIEVE: Final = ParameterSpec({"client_secret": non_empty, "expand": texts})
CAPTURE: Final = ParameterSpec(
    {
        "amount_to_capture": integer,
        "expand": texts,
        "metadata": metadata,
        "statement_descriptor": max_length(22),
        "statement_descriptor_suffix": max_length(22),
        **unsupported(
            "amount_details application_fee_amount final_capture hooks payment_details "
            "transfer_data"
        ),
    }
)
CANCEL: Final = ParameterSpec(
    {
        "cancellation_reason": choice(
            "duplicate", "fraudulent", "requested_by_customer", "abandoned"
        ),
        "expand": texts,
    }
)
LIST: Final = ParameterSpec(
    {**PAGE, "created": time_range, "customer": non_empty, **unsupported("customer_account")}
)
SEARCH: Final = ParameterSpec(
    {"expand": texts, "limit": integer, "page": non_empty, "query": non_empty}, required=("query",)
)
