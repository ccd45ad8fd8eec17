"""The databases of a system under test."""

from typing import Any

from sqlalchemy import create_engine, text
from support.system import System


def rows(system: System, service: str, query: str) -> list[dict[str, Any]]:
    """Return the rows of a query in the database of a service."""
    engine = create_engine(system.database_urls[service])
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query)).mappings()]
    finally:
        engine.dispose()
