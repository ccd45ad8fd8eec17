"""Settings that no service can run with are refused at its start, and named."""

import importlib

import pytest
from pydantic import ValidationError
from saga_messaging.process.command import _explain
from saga_messaging.settings import ServiceSettings
from saga_stack.services import SERVICES

NEEDED = {
    "DATABASE_URL": "postgresql+psycopg2://user:secret@db:5432/name",
    "STRIPE_SECRET_KEY": "sk_test_1",
}
NUMBERS = ("inf", "-inf", "nan", "1e400", "1e300", "1" + "0" * 30)


def settings_of(service):
    """Return the class of a service's settings."""
    members = vars(importlib.import_module(f"{service.module}.settings")).values()
    classes = [member for member in members if isinstance(member, type)]
    (found,) = (
        each for each in classes if issubclass(each, ServiceSettings) and each != ServiceSettings
    )
    return found


CLASSES = [settings_of(service) for service in SERVICES.values()]


@pytest.fixture
def refusal(monkeypatch):
    """Return the text with which a service refuses variables."""
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)

    def refusal(settings, **variables):
        with monkeypatch.context() as environment:
            for name, value in variables.items():
                environment.setenv(name, value)
            with pytest.raises(ValidationError) as caught:
                settings()
        return _explain(caught.value)

    return refusal


@pytest.mark.parametrize("settings", CLASSES, ids=lambda each: each.__name__)
def test_every_number_has_bounds(settings, refusal):
    numbers = [
        name.upper()
        for name, field in settings.model_fields.items()
        if field.annotation in {int, float, int | None, float | None}
    ]
    assert {"HTTP_PORT", "OUTBOX_LEASE_SECONDS", "ORDER_RETENTION_DAYS"} < set(numbers)
    for value in NUMBERS:
        text = refusal(settings, **dict.fromkeys(numbers, value))
        assert [name for name in numbers if f"  {name}: " not in text] == [], value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "'postgresql+psycopg2://user:secret@db/name'"),
        ("DATABASE_URL", "postgres://user:secret@db/name"),
        ("DATABASE_URL", "postgresql+psycopg2://user:secret@db:abc/name"),
        ("DATABASE_URL", "postgresql+psycopg2://user:secret@db:70000/name"),
        ("DATABASE_URL", "nonsense"),
        ("KAFKA_BOOTSTRAP_SERVERS", " "),
        ("KAFKA_BOOTSTRAP_SERVERS", ","),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost:abc"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost:70000"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka:1,PLAINTEXT://kafka:9092"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092\r"),
        ("KAFKA_TOPIC_PREFIX", "a b/"),
        ("KAFKA_TOPIC_PREFIX", "ü"),
        ("KAFKA_TOPIC_PREFIX", "x" * 300),
        ("HTTP_PORT", "70000"),
    ],
)
@pytest.mark.parametrize("settings", CLASSES, ids=lambda each: each.__name__)
def test_an_address_or_a_name_that_cannot_work_is_named(settings, refusal, name, value):
    text = refusal(settings, **{name: value})

    assert text.startswith(f"invalid settings:\n  {name}: ")
    assert "secret" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_API_BASE", "nonsense"),
        ("STRIPE_API_BASE", "ftp://stripe"),
        ("STRIPE_API_BASE", "http://"),
        ("STRIPE_API_BASE", "http://stripe:abc"),
        ("STRIPE_API_BASE", "http://stripe\r"),
        ("STRIPE_SECRET_KEY", "sk_test_1\r"),
        ("STRIPE_SECRET_KEY", "sk_test_é"),
        ("STRIPE_SECRET_KEY", "sk_test_1 "),
    ],
)
def test_a_key_or_an_address_of_stripe_that_cannot_work_is_named(refusal, name, value):
    for settings in CLASSES:
        if name.lower() in settings.model_fields:
            text = refusal(settings, **{name: value})
            assert text.startswith(f"invalid settings:\n  {name}: ")
            assert "sk_test_1" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql+psycopg2://"),
        ("DATABASE_URL", "postgresql+psycopg2://u:p%40@/name?host=/run/postgresql"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka"),
        ("KAFKA_BOOTSTRAP_SERVERS", "[::1]:9092, kafka-2.example:9092"),
        ("KAFKA_TOPIC_PREFIX", "staging-1.eu_"),
        ("STRIPE_API_BASE", "https://api.stripe.com"),
        ("STRIPE_API_BASE", "http://[::1]:12111"),
    ],
)
@pytest.mark.parametrize("settings", CLASSES, ids=lambda each: each.__name__)
def test_each_form_that_works_is_accepted(settings, monkeypatch, name, value):
    for each in (*NEEDED.items(), (name, value)):
        monkeypatch.setenv(*each)

    settings()
