import certifi
import pytest
from pydantic import ValidationError

HALVES = [
    {"KAFKA_USERNAME": "saga"},
    {"KAFKA_PASSWORD": "secret"},
    {"KAFKA_USERNAME": "saga", "KAFKA_PASSWORD": ""},
    {"KAFKA_USERNAME": "", "KAFKA_PASSWORD": "secret"},
]


@pytest.mark.parametrize("half", HALVES)
def test_half_of_the_credentials_is_refused_and_never_sent_in_the_clear(
    half, make_settings, monkeypatch
):
    for name, value in half.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match="both KAFKA_USERNAME and KAFKA_PASSWORD") as caught:
        make_settings()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("copies", "needed"), [(1, 1), (2, 2), (3, 2), (5, 4)])
def test_all_replicas_but_one_are_needed_and_at_least_two_unless_it_is_set(
    make_settings, copies, needed
):
    assert make_settings(kafka_replication_factor=copies).min_insync_replicas == needed
    one = make_settings(kafka_replication_factor=copies, kafka_min_insync_replicas=1)
    assert one.min_insync_replicas == 1


def test_more_replicas_in_sync_than_there_are_is_refused(make_settings, monkeypatch):
    monkeypatch.setenv("KAFKA_MIN_INSYNC_REPLICAS", "3")
    with pytest.raises(ValidationError, match=r"KAFKA_MIN_INSYNC_REPLICAS .3. exceeds KAFKA_"):
        make_settings(kafka_replication_factor=2)


def test_empty_credentials_are_no_credentials(make_settings, monkeypatch):
    for name in ("KAFKA_USERNAME", "KAFKA_PASSWORD", "KAFKA_CA_FILE"):
        monkeypatch.setenv(name, "")
    settings = make_settings()
    assert (settings.kafka_username, settings.kafka_password) == (None, None)
    assert settings.kafka_ca_file is None


def test_a_ca_file_without_credentials_is_refused_since_it_would_not_be_used(make_settings):
    with pytest.raises(ValidationError, match="KAFKA_CA_FILE has no effect without KAFKA_USERNAME"):
        make_settings(kafka_ca_file=certifi.where())


@pytest.mark.parametrize("file", ["/nowhere/ca.pem", __file__])
def test_a_ca_file_that_has_no_certificates_is_refused_by_its_name(file, make_settings):
    with pytest.raises(ValidationError, match=f"no certificates can be read from {file}"):
        make_settings(kafka_username="saga", kafka_password="secret", kafka_ca_file=file)


def test_the_password_is_not_shown(make_settings):
    settings = make_settings(kafka_username="saga", kafka_password="secret")
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("level", ["debug", "Info", "ERROR"])
def test_the_log_level_may_be_written_in_any_case(level, make_settings):
    assert make_settings(log_level=level).log_level == level.upper()


@pytest.mark.parametrize(
    "wrong", [{"log_level": "loud"}, {"kafka_partitions": 0}, {"outbox_lease_seconds": 0}]
)
def test_what_cannot_work_is_refused(wrong, make_settings):
    with pytest.raises(ValidationError):
        make_settings(**wrong)
