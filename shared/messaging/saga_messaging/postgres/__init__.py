"""PostgreSQL: transactions, migrations, group commit."""
