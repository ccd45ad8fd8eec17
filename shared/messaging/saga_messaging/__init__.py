"""Lossless messaging over Kafka and PostgreSQL: intake, outbox, dead letters, service runtime.

Rooms, each importing only the ones below it:

- `process`: command line, logs, startup and shutdown
- `delivery`: intake, inbox, outbox, dead letters, replies
- `http`: problems, health and readiness endpoints
- `kafka`: clients, topics, records
- `postgres`: transactions, migrations, group commit
"""
