import re
from pathlib import Path

import certifi
import pytest
from pydantic import ValidationError
from saga_messaging.settings import HttpSettings, MessagingSettings

HALVES = [
    {"KAFKA_USERNAME": "saga"},
    {"KAFKA_PASSWORD": "secret"},
    {"KAFKA_USERNAME": "saga", "KAFKA_PASSWORD": ""},
    {"KAFKA_USERNAME": "", "KAFKA_PASSWORD": "secret"},
]


@pytest.mark.parametrize("half", HALVES)
def test_incomplete_credentials_are_rejected_and_not_shown(half, make_settings, monkeypatch):
    for name, value in half.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match="both KAFKA_USERNAME and KAFKA_PASSWORD") as caught:
        make_settings()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("copies", "needed"), [(1, 1), (2, 2), (3, 2), (5, 4)])
def test_all_replicas_but_one_are_required_by_default_and_at_least_two(
    make_settings, copies, needed
):
    assert make_settings(kafka_replication_factor=copies).min_insync_replicas == needed
    one = make_settings(kafka_replication_factor=copies, kafka_min_insync_replicas=1)
    assert one.min_insync_replicas == 1


def test_more_in_sync_replicas_than_replicas_are_rejected(make_settings, monkeypatch):
    monkeypatch.setenv("KAFKA_MIN_INSYNC_REPLICAS", "3")
    with pytest.raises(ValidationError, match=r"KAFKA_MIN_INSYNC_REPLICAS .3. exceeds KAFKA_"):
        make_settings(kafka_replication_factor=2)


def test_empty_credentials_count_as_unset(make_settings, monkeypatch):
    for name in ("KAFKA_USERNAME", "KAFKA_PASSWORD", "KAFKA_CA_FILE"):
        monkeypatch.setenv(name, "")
    settings = make_settings()
    assert (settings.kafka_username, settings.kafka_password) == (None, None)
    assert settings.kafka_ca_file is None


def test_a_ca_file_without_credentials_is_rejected(make_settings):
    with pytest.raises(ValidationError, match="KAFKA_CA_FILE has no effect without KAFKA_USERNAME"):
        make_settings(kafka_ca_file=certifi.where())


@pytest.mark.parametrize("file", ["/nowhere/ca.pem", __file__])
def test_a_ca_file_without_certificates_is_named(file, make_settings):
    with pytest.raises(ValidationError, match=f"no certificates can be read from {file}"):
        make_settings(kafka_username="saga", kafka_password="secret", kafka_ca_file=file)


def test_the_password_is_not_shown(make_settings):
    settings = make_settings(kafka_username="saga", kafka_password="secret")
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("level", ["debug", "Info", "ERROR"])
def test_the_log_level_is_case_insensitive(level, make_settings):
    assert make_settings(log_level=level).log_level == level.upper()


@pytest.mark.parametrize(
    "wrong", [{"log_level": "loud"}, {"kafka_partitions": 0}, {"outbox_lease_seconds": 0}]
)
def test_invalid_values_are_rejected(wrong, make_settings):
    with pytest.raises(ValidationError):
        make_settings(**wrong)


def test_the_documentation_lists_each_http_setting_with_its_default():
    text = (Path(__file__).parents[4] / "docs" / "settings.md").read_text()
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| ([0-9.]+|none) \|",
        text.split("## HTTP")[1].split("\n## ")[0],
        re.MULTILINE,
    )
    fields = {name: field.default for name, field in HttpSettings.model_fields.items()}
    del fields["http_host"], fields["http_port"]
    documented = {name.lower(): value for name, value in rows}
    assert documented == {name: f"{value:g}" if value else "none" for name, value in fields.items()}


def test_each_bound_of_the_outbox_is_documented_with_its_default():
    page = (Path(__file__).parents[4] / "docs" / "settings.md").read_text()
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("| `")]
    documented = {
        name.strip(" `"): float(default)
        for names, defaults in rows
        for name, default in zip(names.split(","), defaults.split(","), strict=False)
        if name.strip(" `").startswith(("OUTBOX_", "KAFKA_MIN_RETENTION"))
    }
    fields = MessagingSettings.model_fields
    assert documented == {
        name.upper(): field.default
        for name, field in fields.items()
        if name.startswith(("outbox_", "kafka_min_retention"))
    }
