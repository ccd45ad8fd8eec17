import pytest
from saga_stack.components import Addresses, service_environment
from saga_stack.errors import ForbiddenKeyError, StackError
from saga_stack.services import SERVICES
from saga_stack.settings import EMULATOR_KEY, StackSettings, with_environment


def read(tmp_path, **environment: str) -> StackSettings:
    return with_environment(StackSettings(data_dir=tmp_path), environment)


def test_by_default_everything_is_embedded(tmp_path):
    settings = read(tmp_path)
    assert settings.emulated_stripe
    assert settings.kafka_bootstrap is None
    assert settings.embedded_databases == ("user", "order_saga", "payment")


@pytest.mark.parametrize("key", ["sk_live_51abc", "rk_live_51abc", "pk_test_51abc", "nonsense"])
def test_a_key_that_is_not_of_test_mode_is_refused_and_never_shown(tmp_path, key):
    with pytest.raises(ForbiddenKeyError) as caught:
        read(tmp_path, STRIPE_SECRET_KEY=key)
    assert key not in str(caught.value)
    assert "sk_test_" in caught.value.cure


def test_a_test_mode_key_means_stripe_itself(tmp_path):
    settings = read(tmp_path, STRIPE_SECRET_KEY="sk_test_51abc")
    assert not settings.emulated_stripe
    assert settings.stripe_api_base is None


def test_a_named_api_base_means_no_emulator_of_our_own(tmp_path):
    settings = read(tmp_path, STRIPE_API_BASE="http://127.0.0.1:9")
    assert not settings.emulated_stripe


def test_a_named_broker_and_named_databases_are_used_instead(tmp_path):
    settings = read(
        tmp_path,
        KAFKA_BOOTSTRAP_SERVERS="kafka.example:9092",
        PAYMENT_DATABASE_URL="postgresql+psycopg2://db.example/p",
        KAFKA_TOPIC_PREFIX="mine-",
    )
    assert settings.kafka_bootstrap == "kafka.example:9092"
    assert settings.embedded_databases == ("user", "order_saga")
    assert settings.topic_prefix == "mine-"


def test_a_service_is_told_its_own_database_and_the_address_of_stripe(tmp_path):
    addresses = Addresses(
        kafka_bootstrap="127.0.0.1:1",
        databases={"payment": "postgresql+psycopg2://p", "user": "postgresql+psycopg2://u"},
        stripe_api_base="http://127.0.0.1:2",
    )
    told = service_environment(StackSettings(data_dir=tmp_path), SERVICES["payment"], addresses)
    assert told["DATABASE_URL"] == "postgresql+psycopg2://p"
    assert told["STRIPE_API_BASE"] == "http://127.0.0.1:2"
    assert told["STRIPE_SECRET_KEY"] == EMULATOR_KEY
    assert told["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:1"


@pytest.mark.parametrize(("brokers", "copies"), [(1, "1"), (3, "3"), (5, "3")])
def test_a_service_is_told_how_many_brokers_hold_each_partition(tmp_path, brokers, copies):
    settings = StackSettings(data_dir=tmp_path, brokers=brokers)
    addresses = Addresses("127.0.0.1:1", {"user": "postgresql+psycopg2://u"}, None)
    told = service_environment(settings, SERVICES["user"], addresses)
    assert told["KAFKA_REPLICATION_FACTOR"] == copies


def test_nothing_is_said_of_the_copies_on_a_cluster_of_the_user_s_own(tmp_path):
    settings = StackSettings(data_dir=tmp_path, kafka_bootstrap="kafka.example:9092")
    addresses = Addresses("kafka.example:9092", {"user": "postgresql+psycopg2://u"}, None)
    told = service_environment(settings, SERVICES["user"], addresses)
    assert "KAFKA_REPLICATION_FACTOR" not in told


@pytest.mark.parametrize("brokers", [-1, 0, 2, 4])
def test_a_number_of_brokers_that_is_not_odd_is_refused(tmp_path, brokers):
    with pytest.raises(StackError, match=f"--brokers {brokers}"):
        StackSettings(data_dir=tmp_path, brokers=brokers)


def test_a_cluster_here_and_a_broker_elsewhere_are_refused(tmp_path):
    here = StackSettings(data_dir=tmp_path, brokers=3)
    with pytest.raises(StackError, match="KAFKA_BOOTSTRAP_SERVERS names another: kafka"):
        with_environment(here, {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"})
