"""Every response of the services is in their OpenAPI documents, for valid and invalid requests."""

from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

pytestmark = pytest.mark.stack

EXAMPLES = 12
TIMEOUT_SECONDS = 20
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture
def orders(stack) -> Iterator[schemathesis.BaseSchema]:
    yield document(stack.orders_url)
    resumed = httpx.post(f"{stack.orders_url}/controls/resume", json={}, timeout=TIMEOUT_SECONDS)
    resumed.raise_for_status()
