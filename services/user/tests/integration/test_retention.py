"""What is removed from the user service's outbox, and when."""

import pytest
from saga_messaging.settings import RetentionSettings
from sqlalchemy import text
from user_service.retention import retention_tasks

SENT, DROPPED, UNSENT = "sent_at", "dropped_at", "created_at"

ROW = """
INSERT INTO outbox (message_id, correlation_id, type, topic, value, claimed_until, {at})
VALUES (gen_random_uuid(), '{at}', 'user.payment_info_retrieved', 'user_events', '', now(),
    now() - interval '{days} days')
"""


@pytest.mark.parametrize("days", [44, 46])
def test_messages_that_were_sent_or_dropped_are_removed_when_they_are_old(database, days):
    with database.engine.begin() as connection:
        for at in (SENT, DROPPED, UNSENT):
            connection.execute(text(ROW.format(at=at, days=days)))
        changed = {
            task.name: task.step(connection, 10, None).changed
            for task in retention_tasks(RetentionSettings())
        }
        kept = set(connection.scalars(text("SELECT correlation_id FROM outbox")))

    is_old = days > RetentionSettings().message_retention_days
    assert changed == dict.fromkeys(("messages_sent", "messages_dropped"), int(is_old))
    assert kept == ({UNSENT} if is_old else {SENT, DROPPED, UNSENT})
