"""The targets of the behaviour suite, and the markers of its tests.

By default it runs against an emulator in this process. With `STRIPE_SECRET_KEY=sk_test_…` it runs
against Stripe's test mode too; with `BEHAVIOUR_API_BASE` only against that server.
"""

import os
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import stripe

HERE = Path(__file__).parent
API_BASE = os.environ.get("BEHAVIOUR_API_BASE")
STRIPE_KEY = os.environ.get("STRIPE_SECRET_KEY", "")
EMULATOR_KEY = "sk_test_behaviour"


@dataclass(frozen=True)
class Target:
    """A server. One client at a time stays far below Stripe's 25 requests a second."""

    url: str | None
    key: str = EMULATOR_KEY
    network_retries: int = 0
    search_seconds: float = 5

    def options(self) -> dict[str, Any]:
        addresses = {"base_addresses": {"api": self.url}} if self.url else {}
        return {"max_network_retries": self.network_retries, **addresses}


def target_names() -> list[str]:
    if API_BASE:
        return ["server"]
    return ["emulator", "stripe"] if STRIPE_KEY else ["emulator"]


@pytest.fixture(scope="session", params=target_names())
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    with ExitStack() as stack:
        if request.param == "server":
            yield Target(API_BASE)
        elif request.param == "stripe":
            yield Target(None, STRIPE_KEY, network_retries=5, search_seconds=100)
        else:
            from stripe_emulator.testing import running_emulator  # noqa: PLC0415  # only here

            yield Target(stack.enter_context(running_emulator()).url)


@pytest.fixture
def client(target: Target) -> Iterator[stripe.StripeClient]:
    http_client = stripe.RequestsClient(timeout=30 if target.url is None else 10)
    yield stripe.StripeClient(target.key, http_client=http_client, **target.options())
    http_client.close()


@pytest.fixture
async def async_client(target: Target) -> AsyncIterator[stripe.StripeClient]:
    http_client = stripe.AIOHTTPClient(timeout=30 if target.url is None else 10)
    yield stripe.StripeClient(target.key, http_client=http_client, **target.options())
    await http_client.close_async()


@pytest.fixture
def unique() -> str:
    """A unique word for idempotency keys and metadata."""
    return uuid.uuid4().hex


@pytest.fixture
def customer(client: stripe.StripeClient) -> stripe.Customer:
    """A customer of this test, which keeps a shared account apart."""
    return client.v1.customers.create({"name": "Behaviour suite"})


@pytest.fixture
def hold() -> Callable[..., dict[str, Any]]:
    """Build parameters that hold money; a change to None omits the parameter."""

    def hold(**changes: object) -> dict[str, Any]:
        parameters = {
            "amount": 1299,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "payment_method_types": ["card"],
            "capture_method": "manual",
            "confirm": True,
            "off_session": True,
            **changes,
        }
        return {name: value for name, value in parameters.items() if value is not None}

    return hold


@pytest.fixture
def pay(client: stripe.StripeClient, hold: Any) -> Iterator[Callable[..., stripe.PaymentIntent]]:
    """Create a PaymentIntent that holds money by default; holds are canceled at the end."""
    made: list[str] = []

    def pay(options: Any = None, /, **changes: object) -> stripe.PaymentIntent:
        intent = client.v1.payment_intents.create(hold(**changes), options)
        made.append(intent.id)
        return intent

    yield pay
    for intent_id in made:
        with suppress(stripe.StripeError):  # most are over by now, and cannot be canceled
            client.v1.payment_intents.cancel(intent_id)


@pytest.fixture
def refused(client: stripe.StripeClient, hold: Any) -> Callable[..., stripe.InvalidRequestError]:
    """Return the 400 of a PaymentIntent with these parameters."""

    def refused(**changes: object) -> stripe.InvalidRequestError:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.payment_intents.create(hold(**changes))
        assert caught.value.http_status == 400
        return caught.value

    return refused


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "feature(name): the row of the fidelity table")
    config.addinivalue_line("markers", "unverified(reason): not observed in Stripe's test mode")
    if STRIPE_KEY and not STRIPE_KEY.startswith("sk_test_"):
        raise pytest.UsageError("STRIPE_SECRET_KEY must be a test key (sk_test_…).")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        if item.get_closest_marker("feature") is None:
            raise pytest.UsageError(f"{item.nodeid} has no marker `feature`.")
        for name in ("feature", "unverified"):
            mark = item.get_closest_marker(name)
            if mark is not None:
                item.user_properties.append((name, mark.args[0]))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reasons = Counter(
        reason
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, reason in report.user_properties
        if name == "unverified"
    )
    if reasons:
        count = sum(reasons.values())
        terminalreporter.section(f"{count} tests are not verified in Stripe's test mode")
        for reason, number in sorted(reasons.items()):
            terminalreporter.line(f"{number:3}  {reason}")
