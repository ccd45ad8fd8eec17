"""Stripe's document for the tests that are about nothing else."""

import pytest
from stripe_official.document import Document
from stripe_official.downloads import Unavailable


@pytest.fixture(scope="session")
def published(document: Document | Unavailable) -> Document:
    """Stripe's OpenAPI document; a test that asks for it is skipped where there is none."""
    if isinstance(document, Unavailable):
        pytest.skip(f"Stripe's OpenAPI document is not available: {document}")
    return document
