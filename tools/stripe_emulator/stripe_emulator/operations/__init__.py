"""The operations of the Stripe API, by object; `table` lists them all."""
