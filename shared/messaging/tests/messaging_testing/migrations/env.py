from saga_messaging.migrations import run_migrations

run_migrations()
