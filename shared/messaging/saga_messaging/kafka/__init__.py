"""Kafka: clients, topics and records."""
