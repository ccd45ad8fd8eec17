"""What the operations accept, as data: Stripe's parameter names, and how each is read."""

from typing import Final

from stripe_emulator.operations.event_types import event_types
from stripe_emulator.wire.parameters import Accepts, Reader
from stripe_emulator.wire.readers import (
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
    web_address,
    whole_mapping,
)


def unsupported(names: str) -> dict[str, Reader]:
    """Readers for parameters that Stripe has and the emulator has not, by their names."""
    return dict.fromkeys(names.split(), not_emulated)


OTHER_TYPES: Final = (
    "acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit "
    "bancontact billie bizum blik boleto cashapp crypto customer_balance eps fpx giropay "
    "grabpay ideal interac_present kakao_pay klarna konbini kr_card link mb_way mobilepay "
    "multibanco naver_pay nz_bank_account oxxo p24 pay_by_bank payco paynow paypal payto pix "
    "promptpay revolut_pay samsung_pay satispay scalapay sepa_debit sofort sunbit swish twint "
    "upi us_bank_account wechat_pay zip"
)
"""The types of payment methods that Stripe has and the emulator has not."""

_ADDRESS: Final = whole_mapping(
    city=text, country=text, line1=text, line2=text, postal_code=text, state=text
)
SHIPPING: Final = whole_mapping(
    "address", "name", address=_ADDRESS, carrier=text, name=text, phone=text, tracking_number=text
)
PAGE: Final[dict[str, Reader]] = {
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
    "invoice_settings": mapping(
        default_payment_method=text, **unsupported("custom_fields footer rendering_options")
    ),
    "metadata": metadata,
    "name": text,
    "phone": text,
    "shipping": whole_mapping("address", "name", address=_ADDRESS, name=text, phone=text),
    **unsupported(
        "balance business_name cash_balance individual_name invoice_prefix next_invoice_sequence "
        "preferred_locales source tax tax_exempt"
    ),
}
CUSTOMER_CREATE: Final = Accepts(
    {**_CUSTOMER, "payment_method": filled, **unsupported("tax_id_data test_clock")}
)
CUSTOMER_UPDATE: Final = Accepts(
    {
        **_CUSTOMER,
        **unsupported(
            "bank_account card default_alipay_account default_bank_account default_card "
            "default_source"
        ),
    }
)
CUSTOMER_LIST: Final = Accepts(
    {**PAGE, "created": time_range, "email": text, **unsupported("test_clock")}
)

_BILLING_DETAILS: Final = mapping(address=_ADDRESS, email=text, name=text, phone=text, tax_id=text)
_REDISPLAY: Final = choice("always", "limited", "unspecified")
PAYMENT_METHOD_CREATE: Final = Accepts(
    {
        "allow_redisplay": _REDISPLAY,
        "billing_details": _BILLING_DETAILS,
        "card": mapping(token=filled, **unsupported("cvc exp_month exp_year networks number")),
        "expand": texts,
        "metadata": metadata,
        "type": only("card"),
        **unsupported(f"custom customer payment_method radar_options {OTHER_TYPES}"),
    },
    required=("type",),
)
PAYMENT_METHOD_UPDATE: Final = Accepts(
    {
        "allow_redisplay": _REDISPLAY,
        "billing_details": _BILLING_DETAILS,
        "expand": texts,
        "metadata": metadata,
        **unsupported("card payto us_bank_account"),
    }
)
PAYMENT_METHOD_ATTACH: Final = Accepts(
    {"customer": filled, "expand": texts, **unsupported("customer_account")}
)
_PAYMENT_METHOD_PAGE: Final[dict[str, Reader]] = {
    **PAGE,
    "type": filled,
    **unsupported("allow_redisplay"),
}
PAYMENT_METHODS_OF_CUSTOMER: Final = Accepts(_PAYMENT_METHOD_PAGE)
PAYMENT_METHOD_LIST: Final = Accepts(
    {**_PAYMENT_METHOD_PAGE, "customer": filled, **unsupported("customer_account")}
)

CHARGE_LIST: Final = Accepts(
    {
        **PAGE,
        "created": time_range,
        "customer": filled,
        "payment_intent": filled,
        **unsupported("transfer_group"),
    }
)

REFUND_CREATE: Final = Accepts(
    {
        "amount": integer,
        "charge": filled,
        "expand": texts,
        "metadata": metadata,
        "payment_intent": filled,
        "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
        **unsupported(
            "currency customer instructions_email origin refund_application_fee reverse_transfer"
        ),
    }
)
REFUND_UPDATE: Final = Accepts({"expand": texts, "metadata": metadata})
REFUND_LIST: Final = Accepts(
    {**PAGE, "charge": filled, "created": time_range, "payment_intent": filled}
)

EVENT_LIST: Final = Accepts(
    {
        **PAGE,
        "created": time_range,
        "type": filled,
        "types": texts,
        **unsupported("delivery_success"),
    }
)

_WEBHOOK_ENDPOINT: Final[dict[str, Reader]] = {
    "description": at_most(5_000),
    "enabled_events": event_types,
    "expand": texts,
    "metadata": metadata,
    "url": web_address,
}
WEBHOOK_ENDPOINT_CREATE: Final = Accepts(
    {**_WEBHOOK_ENDPOINT, **unsupported("api_version connect")},
    required=("enabled_events", "url"),
)
WEBHOOK_ENDPOINT_UPDATE: Final = Accepts({**_WEBHOOK_ENDPOINT, "disabled": boolean})
WEBHOOK_ENDPOINT_LIST: Final = Accepts(PAGE)
