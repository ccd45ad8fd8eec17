"""The fields that Stripe's objects always have, including null ones.

The OpenAPI document requires only five of a PaymentIntent's fields; Stripe's own fixtures show the
others. Taken from `openapi/fixtures3.json` of https://github.com/stripe/openapi at commit
f0758b15a2cf53779d699452f4ab07d11076af0f. Left out: `source` of PaymentIntents and charges, which
the document no longer has, and `refunds` of charges, which is there only when it is expanded
(https://docs.stripe.com/changelog, 2022-11-15); `connect_reserved` of the balance, which only
platforms have (https://docs.stripe.com/api/balance/balance_object).
"""

from typing import Final

ALWAYS: Final[dict[str, str]] = {
    "customer": (
        "address balance created currency default_source delinquent description discount email id "
        "invoice_prefix invoice_settings livemode metadata name next_invoice_sequence object "
        "phone preferred_locales shipping tax_exempt test_clock"
    ),
    "customer.address": "city country line1 line2 postal_code state",
    "customer.invoice_settings": "custom_fields default_payment_method footer rendering_options",
    "payment_method": (
        "allow_redisplay billing_details card created customer customer_account id livemode "
        "metadata object type"
    ),
    "payment_method.billing_details": "address email name phone tax_id",
    "payment_method.billing_details.address": "city country line1 line2 postal_code state",
    "payment_method.card": (
        "brand checks country display_brand exp_month exp_year fingerprint funding generated_from "
        "last4 networks regulated_status three_d_secure_usage wallet"
    ),
    "payment_method.card.checks": "address_line1_check address_postal_code_check cvc_check",
    "payment_method.card.networks": "available preferred",
    "payment_method.card.three_d_secure_usage": "supported",
    "payment_intent": (
        "amount amount_capturable amount_details amount_received application "
        "application_fee_amount automatic_payment_methods canceled_at cancellation_reason "
        "capture_method client_secret confirmation_method created currency customer "
        "customer_account description excluded_payment_method_types id last_payment_error "
        "latest_charge livemode managed_payments metadata next_action object on_behalf_of "
        "payment_method payment_method_configuration_details payment_method_options "
        "payment_method_types processing receipt_email review setup_future_usage shipping "
        "statement_descriptor statement_descriptor_suffix status transfer_data transfer_group"
    ),
    "payment_intent.payment_method_configuration_details": "id parent",
    "charge": (
        "amount amount_captured amount_refunded application application_fee "
        "application_fee_amount balance_transaction billing_details "
        "calculated_statement_descriptor captured created currency customer description disputed "
        "failure_balance_transaction failure_code failure_message fraud_details id livemode "
        "metadata object on_behalf_of outcome paid payment_intent payment_method "
        "payment_method_details receipt_email receipt_number receipt_url refunded review shipping "
        "source_transfer statement_descriptor statement_descriptor_suffix status transfer_data "
        "transfer_group"
    ),
    "charge.billing_details": "address email name phone tax_id",
    "charge.billing_details.address": "city country line1 line2 postal_code state",
    "charge.outcome": (
        "advice_code network_advice_code network_decline_code network_status reason "
        "seller_message type"
    ),
    "charge.payment_method_details": "card type",
    "charge.payment_method_details.card": (
        "amount_authorized authorization_code brand checks country exp_month exp_year "
        "extended_authorization fingerprint funding incremental_authorization installments last4 "
        "mandate multicapture network network_token network_transaction_id overcapture "
        "regulated_status three_d_secure transaction_link_id wallet"
    ),
    "charge.payment_method_details.card.checks": (
        "address_line1_check address_postal_code_check cvc_check"
    ),
    "charge.payment_method_details.card.overcapture": "maximum_amount_capturable status",
    "dispute": (
        "amount balance_transactions charge created currency enhanced_eligibility_types evidence "
        "evidence_details id is_charge_refundable livemode metadata object payment_intent "
        "payment_method_details reason status"
    ),
    "refund": (
        "amount balance_transaction charge created currency customer customer_account "
        "destination_details id metadata object payment_intent payment_method reason "
        "receipt_number source_transfer_reversal status transfer_reversal"
    ),
    "refund.destination_details": "card type",
    "event": "api_version created data id livemode object pending_webhooks request type",
    "event.request": "id idempotency_key",
    "balance": "available livemode object pending",
    "balance_transaction": (
        "amount available_on balance_type created currency description exchange_rate fee "
        "fee_details id net object reporting_category source status type"
    ),
    "webhook_endpoint": (
        "api_version application created description enabled_events id livemode metadata object "
        "status url"
    ),
}
"""The names of fields by kind of object, or by kind and path of a hash within it."""
