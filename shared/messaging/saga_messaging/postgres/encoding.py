"""The encoding of a database: every text of a message must fit in."""

from sqlalchemy import Connection, text


def encoding_problem(connection: Connection) -> str | None:
    """Return why the database cannot store every text, with the cure, or None."""
    encoding = connection.scalar(text("SELECT current_setting('server_encoding')"))
    if encoding == "UTF8":
        return None
    return (
        f"the database is encoded in {encoding}: create one with"
        " ENCODING 'UTF8' TEMPLATE template0, and set DATABASE_URL"
    )
