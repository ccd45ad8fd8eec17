"""The HTTP client of webhooks: posts events to loopback or to hosts of the settings."""

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
from stripe_emulator.settings import WebhookSettings
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


class PostResult(NamedTuple):
    """The result of a POST: a status, or an error; a `refused` one was not sent."""

    status: int | None = None
    error: str | None = None
    refused: bool = False

    @property
    def succeeded(self) -> bool:
        """True for any 2xx; everything else leads to a retry."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004


class WebhookClient:
    """A client that posts events as Stripe does, without following redirects.

    Args:
        session: The HTTP session.
        settings: The allowed hosts, and the bounds of deliveries.
    """

    def __init__(self, session: aiohttp.ClientSession, settings: WebhookSettings) -> None:
        self._session = session
        self._settings = settings

    async def post(self, endpoint: WebhookEndpoint, event: Event) -> PostResult:
        """Post an event, signed at the real time, which receivers compare with their clock.

        A failure is a result, not an exception.
        """
        refusal = refusal_reason(endpoint.url, self._settings.hosts)
        if refusal is not None:
            return PostResult(error=refusal, refused=True)
        body = webhook_body(event)
        signature = signature_header(body, endpoint.secret, int(time.time()))
        headers = {**_HEADERS, "Stripe-Signature": signature}
        try:
            async with self._session.post(
                endpoint.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                await self._drain(response)
                return PostResult(response.status, _reason(response.status))
        except TimeoutError:
            return PostResult(
                error=f"no response within {self._settings.bounds.timeout_seconds:g} s"
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return PostResult(error=f"{type(error).__name__}: {error}")

    async def _drain(self, response: aiohttp.ClientResponse) -> None:
        left = self._settings.bounds.response_limit_bytes
        while left > 0 and not response.content.at_eof():
            left -= len(await response.content.read(left))
        if not response.content.at_eof():
            response.close()


@asynccontextmanager
async def open_webhook_client(settings: WebhookSettings) -> AsyncGenerator[WebhookClient]:
    """Open a client for the duration of the block."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=_Resolver(), limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=settings.bounds.timeout_seconds),
        auto_decompress=False,
    ) as session:
        yield WebhookClient(session, settings)


def webhook_body(event: Event) -> bytes:
    """Return the body of an event as Stripe sends it: JSON indented by two spaces."""
    return orjson.dumps(orjson.loads(encode(event.as_json())), option=orjson.OPT_INDENT_2)


def refusal_reason(url: str, hosts: frozenset[str]) -> str | None:
    """Return the reason not to contact a URL, or None for loopback and allowed hosts."""
    try:
        host = URL(url).host
    except ValueError:
        host = None
    if host is not None and (host == _LOCALHOST or host in hosts or _is_loopback(host)):
        return None
    return f"{host or url!r} is neither a loopback address nor allowed with --webhook-host"


class _Resolver(AbstractResolver):
    """A resolver of `localhost` to loopback, independent of the machine's configuration."""

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
    if PostResult(status).succeeded:
        return None
    return f"the receiver responded with {status}"
