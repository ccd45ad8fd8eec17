"""The HTTP of webhooks: one POST, to loopback or to a host that the settings name."""

import ipaddress
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from stripe_emulator.objects.event import Event
from stripe_emulator.objects.webhook_endpoint import WebhookEndpoint
from stripe_emulator.webhook_settings import WebhookSettings
from stripe_emulator.webhooks.signatures import signature_header
from stripe_emulator.wire.json import encode

_HEADERS = {
    "Accept": "*/*; q=0.5, application/xml",
    "Accept-Encoding": "gzip",
    "Cache-Control": "no-cache",
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
}
_LOCALHOST = "localhost"


class Response(NamedTuple):
    """What a receiver answered: a status, or why there is none; `refused` was not even sent."""

    status: int | None = None
    error: str | None = None
    refused: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it was any 2xx: all else has Stripe try again."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004


class WebhookClient:
    """Posts events as Stripe does; redirects are not followed.

    Args:
        session: what connects.
        settings: the hosts that may be contacted, and the bounds.
    """

    def __init__(self, session: aiohttp.ClientSession, settings: WebhookSettings) -> None:
        self._session = session
        self._settings = settings

    async def post(self, endpoint: WebhookEndpoint, event: Event) -> Response:
        """Post an event, signed at this moment of real time: receivers check it by their clock."""
        refusal = refusal_of(endpoint.url, self._settings.hosts)
        if refusal is not None:
            return Response(error=refusal, refused=True)
        body = webhook_body(event)
        signature = signature_header(body, endpoint.secret, int(time.time()))
        headers = {**_HEADERS, "Stripe-Signature": signature}
        try:
            async with self._session.post(
                endpoint.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                await self._drain(response)
                return Response(response.status, _reason(response.status))
        except TimeoutError:
            return Response(error=f"no answer within {self._settings.timeout_seconds:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Response(error=f"{type(error).__name__}: {error}")

    async def _drain(self, response: aiohttp.ClientResponse) -> None:
        left = self._settings.response_limit_bytes
        while left > 0 and not response.content.at_eof():
            left -= len(await response.content.read(left))
        if not response.content.at_eof():
            response.close()


@asynccontextmanager
async def webhook_client(settings: WebhookSettings) -> AsyncGenerator[WebhookClient]:
    """A client for as long as the block lasts."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=_Resolver(), limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=settings.timeout_seconds),
        auto_decompress=False,
    ) as session:
        yield WebhookClient(session, settings)


def webhook_body(event: Event) -> bytes:
    """An event as Stripe sends it: the API's JSON, indented by two spaces."""
    return orjson.dumps(orjson.loads(encode(event.as_json())), option=orjson.OPT_INDENT_2)


def refusal_of(url: str, hosts: frozenset[str]) -> str | None:
    """Why a URL is not contacted; None for loopback and the hosts of the settings."""
    try:
        host = URL(url).host
    except ValueError:
        host = None
    if host is not None and (host == _LOCALHOST or host in hosts or _is_loopback(host)):
        return None
    return f"the emulator contacts loopback and its webhook hosts only, not {host or url!r}"


class _Resolver(AbstractResolver):
    """Knows `localhost` by itself, whatever the machine's names say; asks for others."""

    def __init__(self) -> None:
        self._others = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host != _LOCALHOST:
            return await self._others.resolve(host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=version,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address, version in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))
        ]

    async def close(self) -> None:
        await self._others.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(status: int) -> str | None:
    if Response(status).succeeded:
        return None
    return f"the receiver answered {status}"
