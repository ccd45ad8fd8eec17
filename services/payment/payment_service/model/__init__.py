"""The payment and its rules, pure: no Kafka, HTTP, SQL or Stripe SDK."""
