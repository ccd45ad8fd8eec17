"""The local stack: Kafka, PostgreSQL, the Stripe emulator and the services on one machine."""
