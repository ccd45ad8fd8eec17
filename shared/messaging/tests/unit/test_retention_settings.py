"""Settings of retention: consistent, or refused at the start; and documented."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from saga_messaging.delivery.retention.topics import kept_longer
from saga_messaging.settings import RetentionSettings

PAGE = Path(__file__).parents[4] / "docs" / "settings.md"


def test_the_defaults_are_consistent():
    settings = RetentionSettings()

    assert settings.message_retention < settings.personal_data_retention < settings.order_retention
    assert (settings.payment_retention - settings.order_retention).days == 45


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"personal_data_retention_days": 44},
            r"PERSONAL_DATA_RETENTION_DAYS \(44\) is less than MESSAGE_RETENTION_DAYS \(45\)",
        ),
        (
            {"order_retention_days": 150},
            r"ORDER_RETENTION_DAYS \(150\) is less than PERSONAL_DATA_RETENTION_DAYS \(180\)",
        ),
        (
            {"order_retention_days": 119, "personal_data_retention_days": 60},
            r"ORDER_RETENTION_DAYS \(119\) is less than the 120 days",
        ),
        ({"message_retention_days": 0}, "greater than 0"),
        ({"retention_batch_size": 0}, "greater than 0"),
    ],
)
def test_inconsistent_settings_are_refused_with_both_values(changes, error):
    with pytest.raises(ValidationError, match=error):
        RetentionSettings(**changes)


def test_a_topic_that_keeps_messages_as_long_is_named():
    topics = {"a": 7.0, "b": 45.0, "c": float("inf")}

    assert kept_longer(topics, 45) == {"b": 45.0, "c": float("inf")}


def test_every_setting_is_documented_with_its_default():
    section = PAGE.read_text().split("## Retention\n")[1]
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `?([\w.]+)`? \|", section, re.MULTILINE))

    defaults = {
        name.upper(): field.default for name, field in RetentionSettings.model_fields.items()
    }
    assert rows == {
        name: str(value).lower() if isinstance(value, bool) else f"{value:g}"
        for name, value in defaults.items()
    }
