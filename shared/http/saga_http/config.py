"""uvicorn's configuration with bounds."""

from typing import Any

import uvicorn

from saga_http.bounds import HttpBounds
from saga_http.protocol import BoundedProtocol
from saga_http.reading import ReadingTime


def bounded_config(app: Any, bounds: HttpBounds, **options: Any) -> uvicorn.Config:
    """Return the configuration of a bounded server; `options` are uvicorn's own."""
    attributes = {"bounds": bounds, "reading_time": ReadingTime(bounds.http_reading_share)}
    protocol = type("BoundedProtocol", (BoundedProtocol,), attributes)
    return uvicorn.Config(
        app,
        http=protocol,
        backlog=bounds.http_backlog,
        h11_max_incomplete_event_size=bounds.http_head_bytes,
        timeout_keep_alive=bounds.http_keep_alive_seconds,
        **options,
    )
