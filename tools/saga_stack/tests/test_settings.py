import pytest
from saga_stack.components import Addresses, service_environment
from saga_stack.errors import ForbiddenKeyError, StackError
from saga_stack.services import SERVICES
from saga_stack.settings import EMULATOR_KEY, StackSettings, with_environment


def read(tmp_path, **environment: str) -> StackSettings:
    return with_environment(StackSettings(data_dir=tmp_path), environment)


def test_by_default_all_components_are_embedded(tmp_path):
    settings = read(tmp_path)
    assert settings.emulated_stripe
    assert settings.kafka_bootstrap is None
    assert settings.embedded_databases == ("order_saga", "payment", "user")


@pytest.mark.parametrize("key", ["sk_live_51abc", "rk_live_51abc", "pk_test_51abc", "nonsense"])
def test_a_key_outside_of_test_mode_is_refused_and_not_printed(tmp_path, key):
    with pytest.raises(ForbiddenKeyError) as caught:
        read(tmp_path, STRIPE_SECRET_KEY=key)
    assert key not in str(caught.value)
    assert "sk_test_" in caught.value.cure


@pytest.mark.parametrize("text", ["abc", "0", "-1", "1.5", "²", "8 "])
def test_a_number_of_partitions_that_is_none_is_named(tmp_path, text):
    with pytest.raises(StackError, match=r"KAFKA_PARTITIONS: .* is not a positive number"):
        read(tmp_path, KAFKA_PARTITIONS=text)


def test_partitions_may_be_set_or_empty(tmp_path):
    assert read(tmp_path, KAFKA_PARTITIONS="3").partitions == 3
    assert read(tmp_path, KAFKA_PARTITIONS="").partitions == StackSettings(tmp_path).partitions


def test_a_test_mode_key_selects_stripe_itself(tmp_path):
    settings = read(tmp_path, STRIPE_SECRET_KEY="sk_test_51abc")
    assert not settings.emulated_stripe
    assert settings.stripe_api_base is None


def test_a_stripe_api_base_disables_the_emulator(tmp_path):
    settings = read(tmp_path, STRIPE_API_BASE="http://127.0.0.1:9")
    assert not settings.emulated_stripe


def test_an_existing_broker_and_databases_are_used(tmp_path):
    settings = read(
        tmp_path,
        KAFKA_BOOTSTRAP_SERVERS="kafka.example:9092",
        PAYMENT_DATABASE_URL="postgresql+psycopg2://db.example/p",
        KAFKA_TOPIC_PREFIX="mine-",
    )
    assert settings.kafka_bootstrap == "kafka.example:9092"
    assert settings.embedded_databases == ("order_saga", "user")
    assert settings.topic_prefix == "mine-"


def test_a_service_gets_its_own_database_and_stripe_s_address(tmp_path):
    addresses = Addresses(
        kafka_bootstrap="127.0.0.1:1",
        databases={"payment": "postgresql+psycopg2://p", "user": "postgresql+psycopg2://u"},
        stripe_api_base="http://127.0.0.1:2",
    )
    environment = service_environment(
        StackSettings(data_dir=tmp_path), SERVICES["payment"], addresses
    )
    assert environment["DATABASE_URL"] == "postgresql+psycopg2://p"
    assert environment["STRIPE_API_BASE"] == "http://127.0.0.1:2"
    assert environment["STRIPE_SECRET_KEY"] == EMULATOR_KEY
    assert environment["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:1"


@pytest.mark.parametrize(("brokers", "replication_factor"), [(1, "1"), (3, "3"), (5, "3")])
def test_a_service_gets_the_replication_factor(tmp_path, brokers, replication_factor):
    settings = StackSettings(data_dir=tmp_path, brokers=brokers)
    addresses = Addresses("127.0.0.1:1", {"user": "postgresql+psycopg2://u"}, None)
    environment = service_environment(settings, SERVICES["user"], addresses)
    assert environment["KAFKA_REPLICATION_FACTOR"] == replication_factor


def test_the_replication_factor_of_an_existing_cluster_is_not_set(tmp_path):
    settings = StackSettings(data_dir=tmp_path, kafka_bootstrap="kafka.example:9092")
    addresses = Addresses("kafka.example:9092", {"user": "postgresql+psycopg2://u"}, None)
    environment = service_environment(settings, SERVICES["user"], addresses)
    assert "KAFKA_REPLICATION_FACTOR" not in environment


@pytest.mark.parametrize("brokers", [-1, 0, 2, 4])
def test_a_number_of_brokers_that_is_not_odd_is_refused(tmp_path, brokers):
    with pytest.raises(StackError, match=f"--brokers {brokers}"):
        StackSettings(data_dir=tmp_path, brokers=brokers)


def test_embedded_brokers_and_an_existing_one_are_refused(tmp_path):
    here = StackSettings(data_dir=tmp_path, brokers=3)
    with pytest.raises(StackError, match="KAFKA_BOOTSTRAP_SERVERS is set: kafka"):
        with_environment(here, {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"})
