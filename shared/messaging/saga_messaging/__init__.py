"""Loss-free intake and outbox over Kafka and PostgreSQL."""
