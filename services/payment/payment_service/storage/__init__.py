"""PostgreSQL: tables, rows and bulk statements."""
