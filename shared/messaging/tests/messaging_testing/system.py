"""The system of one test: its own topics, database and participants, on shared servers."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from saga_messaging.kafka.topics import create_topics
from saga_messaging.postgres import migrations
from saga_messaging.settings import ServiceSettings
from saga_schemas.topics import USER_COMMANDS, USER_EVENTS
from saga_stack.processes.child import Child, run_to_completion
from saga_stack.processes.ports import reserve_free_port
from saga_stack.processes.waiting import wait_while
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from messaging_testing import topics
from messaging_testing.messages import raw
from messaging_testing.topics import Raw

TESTS = Path(__file__).parent.parent
PYTHON = TESTS.parents[2] / ".venv" / "bin" / "python"

QUICK = {
    "KAFKA_PARTITIONS": "2",
    "KAFKA_SESSION_TIMEOUT_SECONDS": "2",
    "KAFKA_HEARTBEAT_SECONDS": "0.5",
    "KAFKA_REQUEST_TIMEOUT_SECONDS": "2",
    "KAFKA_METADATA_SECONDS": "0.5",
    "OUTBOX_LEASE_SECONDS": "1",
    "OUTBOX_SWEEP_SECONDS": "0.2",
    "PUBLISH_RETRY_MAX_SECONDS": "0.3",
    "DATABASE_RETRY_MAX_SECONDS": "0.3",
    "DATABASE_POOL_SIZE": "2",
    "STOP_TIMEOUT_SECONDS": "15",
}


class Participant(Child):
    """A participant process; `port` is its HTTP port."""

    port: int

    def get(self, path: str = "/readyz") -> tuple[int, dict[str, str]]:
        """Return status and body; status 0 if the process does not respond."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as got:
                return got.status, json.load(got)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, {}

    def await_ready(self, seconds: float = 90) -> None:
        def missing() -> str | None:
            self.require_running()
            status, body = self.get()
            return None if status == 200 else f"{self.name} is not ready: {status} {body}"

        wait_while(missing, seconds)

    def await_end(self, seconds: float = 90) -> int:
        """Return the exit code, or the negative signal number if it was killed."""
        wait_while(lambda: f"{self.name} is still running" if self.running else None, seconds)
        assert self.exit_code is not None
        return self.exit_code


class System:
    """Topics with a prefix of their own, one database, and the participants."""

    def __init__(self, folder: Path, servers: str, database_url: str) -> None:
        self.folder = folder
        self.servers = servers
        self.database_url = database_url
        self.prefix = f"t{uuid4().hex[:10]}."
        self.engine = create_engine(database_url, poolclass=NullPool)
        self.processes: list[Participant] = []

    @property
    def commands(self) -> str:
        """The topic that the participant consumes."""
        return self.prefix + USER_COMMANDS.name

    @property
    def environment(self) -> dict[str, str]:
        return {
            **QUICK,
            "PYTHONPATH": str(TESTS),
            "KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "KAFKA_TOPIC_PREFIX": self.prefix,
            "DATABASE_URL": self.database_url,
        }

    def settings(self, **changes: Any) -> ServiceSettings:
        """Return a participant's settings, for components that a test builds itself."""
        values = {key.lower(): value for key, value in self.environment.items()}
        del values["pythonpath"]
        return ServiceSettings(**{**values, "http_port": 1, **changes})

    def prepare(self) -> None:
        """Migrate the database and create the topics."""
        migrations.upgrade("messaging_testing", self.database_url)
        asyncio.run(create_topics(self.settings()))

    def run_migrate(self, *, processes: int = 1, **changes: str) -> None:
        """Do the same with the participant's command line, in several processes at once."""
        extra = {key.upper(): value for key, value in changes.items()}
        children = [
            self._child("migrate", {"HTTP_PORT": "1", **extra}, 100 + number)
            for number in range(processes)
        ]
        run_to_completion(children, 60)

    def start(self, **changes: str) -> Participant:
        """Start another participant."""
        number = len(self.processes)
        with reserve_free_port() as reservation:
            port = reservation.port
        extra = {key.upper(): value for key, value in changes.items()}
        process = self._child("run", {"HTTP_PORT": str(port), **extra}, number)
        process.port = port
        self.processes.append(process)
        process.start()
        return process

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        self.engine.dispose()

    def send(self, messages: Sequence[Any]) -> None:
        self.send_raw([raw(message) for message in messages])

    def send_raw(self, records: Sequence[Raw], **options: Any) -> None:
        topics.produce(self.servers, self.commands, records, **options)

    def replies(self) -> list[Any]:
        """Return the replies."""
        found = topics.read(self.servers, self.prefix + USER_EVENTS.name)
        return [USER_EVENTS.adapter.validate_json(each.value) for each in found]

    def dead_letters(self) -> list[Any]:
        return topics.read(self.servers, self.prefix + USER_COMMANDS.dead_letters)

    def acked(self) -> int:
        """Return the number of records that the group has acknowledged."""
        group = f"{self.prefix}participant"
        return sum(topics.committed(self.servers, group, self.prefix + USER_COMMANDS.name).values())

    def rows(self, statement: str) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement)))

    def number(self, statement: str) -> int:
        return self.rows(statement)[0][0]

    def handled(self) -> int:
        return self.number("SELECT count(DISTINCT message_id) FROM effects")

    def unsent(self) -> int:
        return self.number("SELECT count(*) FROM outbox WHERE sent_at IS NULL")

    def await_number(self, what: Callable[[], int], wanted: int, seconds: float = 90) -> None:
        """Wait until at least `wanted`, even if processes end meanwhile."""
        wait_while(lambda: None if (now := what()) >= wanted else f"{now} of {wanted}", seconds)

    def await_rest(self, count: int, seconds: float = 90) -> None:
        """Wait until `count` messages are handled and their replies are sent."""
        self.await_number(self.handled, count, seconds)
        wait_while(lambda: f"{n} unsent" if (n := self.unsent()) else None, seconds)

    def check_exactly_once(self, message_ids: set[UUID]) -> None:
        """Check that each message had one effect and one reply, and that nothing is unsent."""
        effects = [row[0] for row in self.rows("SELECT message_id FROM effects")]
        assert len(effects) == len(set(effects)), "duplicate effects"
        assert set(effects) == message_ids, "lost or invented effects"
        assert {row[0] for row in self.rows("SELECT message_id FROM inbox")} == message_ids
        outbox = self.rows("SELECT message_id, value FROM outbox WHERE type <> 'dead-letter'")
        replies = self.replies()
        assert {row[0] for row in outbox} == {reply.message_id for reply in replies}
        assert {reply.causation_id for reply in replies} == message_ids
        assert len(outbox) == len(message_ids)
        assert not self.unsent()

    def _child(self, verb: str, extra: dict[str, str], number: int = 0) -> Participant:
        return Participant(
            f"participant {number}",
            [PYTHON, "-m", "messaging_testing", verb],
            log=self.folder / f"participant-{number}.log",
            env={**self.environment, **extra},
        )
