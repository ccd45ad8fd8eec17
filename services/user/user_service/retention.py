"""Retention of what the outbox has published; users are kept."""

from collections.abc import Sequence

from saga_messaging.delivery.retention.settings import RetentionSettings
from saga_messaging.delivery.retention.steps import Aged, Task, removal

from user_service.orm import outbox


def retention_tasks(settings: RetentionSettings) -> Sequence[Task]:
    """Return what is removed from the user service's tables."""
    sent = Aged(outbox, outbox.c.sent_at, outbox.c.message_id, settings.message_retention)
    return (Task("messages_sent", removal(sent)),)
