"""The parameters of the operations, except those on PaymentIntents, with their readers."""

from typing import Final

from stripe_emulator.objects.dispute import EVIDENCE
from stripe_emulator.operations.event_types import event_types
from stripe_emulator.wire.parameters import ParameterSpec, Reader
from stripe_emulator.wire.readers import (
    boolean,
    choice,
    complete_mapping,
    email,
    integer,
    mapping,
    max_length,
    metadata,
    non_empty,
    not_emulated,
    only,
    text,
    texts,
    time_range,
    web_address,
)


def unsupported(names: str) -> dict[str, Reader]:
    """Return readers that refuse parameters which the emulator does not support."""
    return dict.fromkeys(names.split(), not_emulated)


OTHER_TYPES: Final = (
    "acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit "
    "bancontact billie bizum blik boleto cashapp crypto customer_balance eps fpx giropay "
    "grabpay ideal interac_present kakao_pay klarna konbini kr_card link mb_way mobilepay "
    "multibanco naver_pay nz_bank_account oxxo p24 pay_by_bank payco paynow paypal payto pix "
    "promptpay revolut_pay samsung_pay satispay scalapay sepa_debit sofort sunbit swish twint "
    "upi us_bank_account wechat_pay zip"
)
"""The types of payment methods that the emulator does not support."""

_ADDRESS: Final = complete_mapping(
    city=text, country=text, line1=text, line2=text, postal_code=text, state=text
)
SHIPPING: Final = complete_mapping(
    "address", "name", address=_ADDRESS, carrier=text, name=text, phone=text, tracking_number=text
)
PAGE: Final[dict[str, Reader]] = {
    "ending_before": non_empty,
    "expand": texts,
    "limit": integer,
    "starting_after": non_empty,
}
EXPAND_ONLY: Final = ParameterSpec({"expand": texts})
NOTHING: Final = ParameterSpec({})

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
    "shipping": complete_mapping("address", "name", address=_ADDRESS, name=text, phone=text),
    **unsupported(
        "balance business_name cash_balance individual_name invoice_prefix next_invoice_sequence "
        "preferred_locales source tax tax_exempt"
    ),
}
CUSTOMER_CREATE: Final = ParameterSpec(
    {**_CUSTOMER, "payment_method": non_empty, **unsupported("tax_id_data test_clock")}
)
CUSTOMER_UPDATE: Final = ParameterSpec(
    {
        **_CUSTOMER,
        **unsupported(
            "bank_account card default_alipay_account default_bank_account default_card "
            "default_source"
        ),
    }
)
CUSTOMER_LIST: Final = ParameterSpec(
    {**PAGE, "created": time_range, "email": text, **unsupported("test_clock")}
)

_BILLING_DETAILS: Final = mapping(address=_ADDRESS, email=text, name=text, phone=text, tax_id=text)
_REDISPLAY: Final = choice("always", "limited", "unspecified")
PAYMENT_METHOD_CREATE: Final = ParameterSpec(
    {
        "allow_redisplay": _REDISPLAY,
        "billing_details": _BILLING_DETAILS,
        "card": mapping(token=non_empty, **unsupported("cvc exp_month exp_year networks number")),
        "expand": texts,
        "metadata": metadata,
        "type": only("card"),
        **unsupported(f"custom customer payment_method radar_options {OTHER_TYPES}"),
    },
    required=("type",),
)
PAYMENT_METHOD_UPDATE: Final = ParameterSpec(
    {
        "allow_redisplay": _REDISPLAY,
        "billing_details": _BILLING_DETAILS,
        "expand": texts,
        "metadata": metadata,
        **unsupported("card payto us_bank_account"),
    }
)
PAYMENT_METHOD_ATTACH: Final = ParameterSpec(
    {"customer": non_empty, "expand": texts, **unsupported("customer_account")}
)
_PAYMENT_METHOD_PAGE: Final[dict[str, Reader]] = {
    **PAGE,
    "type": non_empty,
    **unsupported("allow_redisplay"),
}
PAYMENT_METHODS_OF_CUSTOMER: Final = ParameterSpec(_PAYMENT_METHOD_PAGE)
PAYMENT_METHOD_LIST: Final = ParameterSpec(
    {**_PAYMENT_METHOD_PAGE, "customer": non_empty, **unsupported("customer_account")}
)

CHARGE_LIST: Final = ParameterSpec(
    {
        **PAGE,
        "created": time_range,
        "customer": non_empty,
        "payment_intent": non_empty,
        **unsupported("transfer_group"),
    }
)

REFUND_CREATE: Final = ParameterSpec(
    {
        "amount": integer,
        "charge": non_empty,
        "expand": texts,
        "metadata": metadata,
        "payment_intent": non_empty,
        "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
        **unsupported(
            "currency customer instructions_email origin refund_application_fee reverse_transfer"
        ),
    }
)
REFUND_UPDATE: Final = ParameterSpec({"expand": texts, "metadata": metadata})
REFUND_LIST: Final = ParameterSpec(
    {**PAGE, "charge": non_empty, "created": time_range, "payment_intent": non_empty}
)

DISPUTE_LIST: Final = REFUND_LIST
DISPUTE_UPDATE: Final = ParameterSpec(
    {
        "evidence": mapping(
            uncategorized_text=text,
            enhanced_evidence=not_emulated,
            **unsupported(" ".join(name for name in EVIDENCE if name != "uncategorized_text")),
        ),
        "expand": texts,
        "metadata": metadata,
        "submit": boolean,
    }
)

EVENT_LIST: Final = ParameterSpec(
    {
        **PAGE,
        "created": time_range,
        "type": non_empty,
        "types": texts,
        **unsupported("delivery_success"),
    }
)

_WEBHOOK_ENDPOINT: Final[dict[str, Reader]] = {
    "description": max_length(5_000),
    "enabled_events": event_types,
    "expand": texts,
    "metadata": metadata,
    "url": web_address,
}
WEBHOOK_ENDPOINT_CREATE: Final = ParameterSpec(
    {**_WEBHOOK_ENDPOINT, **unsupported("api_version connect")},
    required=("enabled_events", "url"),
)
WEBHOOK_ENDPOINT_UPDATE: Final = ParameterSpec({**_WEBHOOK_ENDPOINT, "disabled": boolean})
WEBHOOK_ENDPOINT_LIST: Final = ParameterSpec(PAGE)
