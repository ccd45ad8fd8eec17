"""A database whose commits succeed, and whose responses are lost."""

from collections.abc import Callable

from saga_messaging.postgres.database import Database
from sqlalchemy.exc import OperationalError


class LosesConnectionAfterCommit(Database):
    """A database that loses the connection right after its next commits, and calls `when_lost`."""

    to_lose = 0
    when_lost: Callable[[], None] | None = None

    def _run(self, work):
        result = super()._run(work)
        if self.to_lose:
            self.to_lose -= 1
            if self.when_lost:
                self.when_lost()
            raise OperationalError("COMMIT", None, Exception("the connection was lost"))
        return result
