"""Retention of what the outbox has published, or an operator has dropped; users are kept."""

from collections.abc import Sequence

from saga_messaging.delivery.retention.settings import RetentionSettings
from saga_messaging.delivery.retention.steps import Aged, Task, removal

from user_service.orm import outbox


def retention_tasks(settings: RetentionSettings) -> Sequence[Task]:
    """Return what is removed from the user service's tables."""
    old = settings.message_retention
    sent = Aged(outbox, outbox.c.sent_at, outbox.c.message_id, old)
    dropped = Aged(outbox, outbox.c.dropped_at, outbox.c.message_id, old)
    return Task("messages_sent", removal(sent)), Task("messages_dropped", removal(dropped))
