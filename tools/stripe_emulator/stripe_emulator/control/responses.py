"""JSON responses of the control API."""

from collections.abc import Mapping

from fastapi.responses import Response

from stripe_emulator.wire.json import encode


def json_response(value: object, headers: Mapping[str, str] | None = None) -> Response:
    """Build a response from a value of JSON types, with the encoder of the Stripe API."""
    return Response(encode(value), media_type="application/json", headers=headers)
