"""Every response of the services is in their OpenAPI documents, for valid and invalid requests."""

import contextlib

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks

pytestmark = pytest.mark.stack

EXAMPLES = 6
TIMEOUT_SECONDS = 20
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
load_all_checks()
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", ["users", "orders", "payments"])
def test_every_response_is_documented(stack, service):
    url = getattr(stack, f"{service}_url")
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    failures = []
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in GenerationMode:
            try:
                check_operation(operation, mode, url)
            except (AssertionError, BaseExceptionGroup) as error:
                failures.append(f"{operation.label}, {mode.value}: {error}")
    if service == "orders":  # a request may have paused new orders
        httpx.post(f"{url}/controls/resume", json={}, timeout=TIMEOUT_SECONDS).raise_for_status()
    assert failures == [], "\n\n".join(failures)


def check_operation(operation, mode, url):
    """Send requests to one operation, and check each response against the document."""

    @bounded
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        response = case.call(base_url=url, timeout=TIMEOUT_SECONDS)
        case.validate_response(response, checks=CHECKS)
        assert response.status_code != httpx.codes.INTERNAL_SERVER_ERROR, case

    with contextlib.suppress(Unsatisfiable):  # no request to an operation without input is invalid
        check()
