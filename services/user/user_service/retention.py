"""Retention of what the outbox has published, or an operator has dropped; users are kept."""

from collections.abc import Sequence

from saga_messaging.delivery.retention.steps import Task, outbox_tasks
from saga_messaging.settings import RetentionSettings

from user_service.orm import outbox


def retention_tasks(settings: RetentionSettings) -> Sequence[Task]:
    """Return what is removed from the user service's tables."""
    return outbox_tasks(outbox, settings.message_retention)
