"""Crash points, at which the participant kills itself with SIGKILL."""

import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

from saga_messaging.delivery.intake import Intake
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Outgoing, Record
from saga_messaging.kafka.refusals import PublishResult
from saga_messaging.postgres.database import Database


class CrashPoint:
    """Kills the process when `name` is passed for the n-th time: `name:n`; empty for never."""

    def __init__(self, text: str) -> None:
        self._name, _, count = text.partition(":")
        self._left = int(count or 1)

    def __call__(self, name: str) -> None:
        if name == self._name:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


class CrashingDatabase(Database):
    """Has the crash points `intake_before_commit` and `intake_after_commit`."""

    crash: CrashPoint

    async def transaction(self, work: Callable[..., Any], **options: Any) -> Any:
        def run(connection: Any) -> Any:
            result = work(connection)
            self.crash("intake_before_commit")
            return result

        result = await super().transaction(run, **options)
        self.crash("intake_after_commit")
        return result


class CrashingPublisher(Publisher):
    """Has the crash point `after_send`, before a published batch is marked as sent."""

    crash: CrashPoint

    async def publish(self, records: Sequence[Outgoing]) -> PublishResult:
        result = await super().publish(records)
        self.crash("after_send")
        return result


class CrashingIntake(Intake):
    """Has the crash point `before_ack`, after a batch is handled."""

    crash: CrashPoint

    async def receive(self, records: Sequence[Record]) -> None:
        await super().receive(records)
        self.crash("before_ack")
