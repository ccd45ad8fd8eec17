from saga_messaging.postgres.migrations import run_migrations

run_migrations()
