"""The response to a request that does not reach the application."""

import http
import json


def refusal(status: int, detail: str) -> bytes:
    """Return a whole response, which is a problem (RFC 9457) and the last of its connection."""
    reason = http.HTTPStatus(status).phrase
    problem = {
        "type": reason.lower().replace(" ", "-"),
        "title": f"{reason}.",
        "status": int(status),
        "detail": detail,
    }
    body = json.dumps(problem).encode()
    head = (
        f"HTTP/1.1 {int(status)} {reason}\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
