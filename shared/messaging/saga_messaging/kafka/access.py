"""A service's use of Kafka, declared once: the source of its consumers and of its ACLs."""

from dataclasses import dataclass

from saga_schemas.topics import Topic


@dataclass(frozen=True)
class Access:
    """The topics and groups that one service uses. A broker with ACLs refuses everything else.

    Attributes:
        group: The consumer group; also the service's Kafka user name.
        consumes: Topics consumed in the group. Records that fail go to their dead-letter topics.
        produces: Topics published to.
        replays: Topics whose dead letters the service reads and publishes again.
        watches: Other consumer groups whose lag the service reads.
        describes: Topics whose configuration the service reads, with their dead-letter topics.
    """

    group: str
    consumes: tuple[Topic, ...]
    produces: tuple[Topic, ...]
    replays: tuple[Topic, ...] = ()
    watches: tuple[str, ...] = ()
    describes: tuple[Topic, ...] = ()

    @property
    def reads(self) -> frozenset[str]:
        """The names of the topics that the service reads."""
        dead_letters = (topic.dead_letters for topic in self.replays)
        return frozenset((*(topic.name for topic in self.consumes), *dead_letters))

    @property
    def writes(self) -> frozenset[str]:
        """The names of the topics that the service writes."""
        dead_letters = (topic.dead_letters for topic in self.consumes)
        published = (topic.name for topic in (*self.produces, *self.replays))
        return frozenset((*published, *dead_letters))

    @property
    def described(self) -> tuple[str, ...]:
        """The names of the topics whose configuration the service reads."""
        return tuple(name for topic in self.describes for name in (topic.name, topic.dead_letters))
