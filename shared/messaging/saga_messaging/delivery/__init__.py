"""Exactly-once effects on at-least-once delivery: inbox, outbox, dead letters."""
