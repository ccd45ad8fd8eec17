import uvicorn
from saga_cli.api import LIMITS


def test_idle_connections_are_closed_before_the_service_closes_them():
    assert LIMITS.keepalive_expiry
    assert LIMITS.keepalive_expiry < uvicorn.Config("any").timeout_keep_alive
