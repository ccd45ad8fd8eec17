"""Addresses and names that other systems accept, checked before they are used."""

import re
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from saga_messaging.settings.bounds import LARGEST_PORT

DRIVERS: Final = ("postgresql+psycopg2", "postgresql")
TOPIC_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{0,150}\Z")
"""Kafka takes 249 characters for a whole name: https://kafka.apache.org/documentation/#topics"""


def valid_database_url(url: str) -> str:
    """Return the URL, if it names a database of PostgreSQL.

    Raises:
        ValueError: It does not; the message does not contain the URL, which has a password.
    """
    form = f"must be {DRIVERS[0]}://USER:PASSWORD@HOST:PORT/DATABASE, without quotes"
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(form) from None
    if parts.drivername not in DRIVERS:
        raise ValueError(f"{form}; not {parts.drivername}://")
    if parts.port is not None and not 0 < parts.port <= LARGEST_PORT:
        raise ValueError(f"{form}; {parts.port} is not a port")
    return url


def valid_bootstrap_servers(servers: str) -> str:
    """Return the brokers' addresses, if each is HOST or HOST:PORT.

    Raises:
        ValueError: One is not, or there is none.
    """
    for server in servers.split(","):
        if not _is_address(server.strip(" ")):
            raise ValueError(f"{server!r} is not HOST:PORT; separate several with commas")
    return servers


def valid_topic_prefix(prefix: str) -> str:
    """Return the prefix, if a topic's name may begin with it.

    Raises:
        ValueError: It has other characters than Kafka accepts, or is too long.
    """
    if not TOPIC_PREFIX.match(prefix):
        raise ValueError("must be at most 150 letters of ASCII, digits, '.', '_' and '-'")
    return prefix


def _is_address(server: str) -> bool:
    try:
        parts = urlsplit(f"//{server}")
        port = parts.port
    except ValueError:
        return False
    printable = server.isascii() and server.isprintable() and " " not in server
    return bool(printable and parts.hostname and "@" not in server) and (
        parts.netloc == server and port != 0
    )
