"""What a service does with Kafka, declared once: its code goes by it, and so do its rights."""

from dataclasses import dataclass

from saga_schemas.topics import Topic


@dataclass(frozen=True)
class Access:
    """All that one service needs of Kafka; whatever is not here, a broker with ACLs refuses.

    Attributes:
        group: The consumer group, which is also what the service is called there as a user.
        consumes: What it reads in its group; what it cannot handle becomes a dead letter.
        produces: What it writes.
        replays: Whose dead letters it may show and send again.
        watches: Other groups whose progress it tells.
    """

    group: str
    consumes: tuple[Topic, ...]
    produces: tuple[Topic, ...]
    replays: tuple[Topic, ...] = ()
    watches: tuple[str, ...] = ()

    @property
    def reads(self) -> frozenset[str]:
        """The names of the topics that it reads."""
        letters = (topic.dead_letters for topic in self.replays)
        return frozenset((*(topic.name for topic in self.consumes), *letters))

    @property
    def writes(self) -> frozenset[str]:
        """The names of the topics that it writes."""
        letters = (topic.dead_letters for topic in self.consumes)
        return frozenset((*(topic.name for topic in (*self.produces, *self.replays)), *letters))
