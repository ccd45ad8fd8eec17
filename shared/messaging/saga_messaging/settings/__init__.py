"""Settings that every service has, each an environment variable of the same name.

A setting may also be a file of that name in /run/secrets, where Docker and Kubernetes put secrets.
"""

from saga_messaging.settings.delivery import MessagingSettings
from saga_messaging.settings.http import HttpSettings
from saga_messaging.settings.kafka import KafkaSettings
from saga_messaging.settings.postgres import DatabaseSettings, MigrationSettings
from saga_messaging.settings.retention import RetentionSettings
from saga_messaging.settings.service import ServiceSettings

__all__ = [
    "DatabaseSettings",
    "HttpSettings",
    "KafkaSettings",
    "MessagingSettings",
    "MigrationSettings",
    "RetentionSettings",
    "ServiceSettings",
]
