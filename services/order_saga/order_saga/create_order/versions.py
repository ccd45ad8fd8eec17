"""The versions of the saga that can be in flight; new sagas start with the newest."""

from collections.abc import Mapping
from dataclasses import dataclass

from saga_engine.declaration import Definition

from order_saga.create_order.saga import create_order
from order_saga.create_order.saga_v1 import create_order_v1
from order_saga.create_order.timeouts import Timeouts
from order_saga.errors import DefinitionUnknown


@dataclass(frozen=True, slots=True)
class Definitions:
    """The declarations by version."""

    by_version: Mapping[int, Definition]

    @property
    def newest(self) -> Definition:
        """The declaration that new sagas start with."""
        return self.by_version[max(self.by_version)]

    def of(self, version: int) -> Definition:
        """Return the declaration that a saga started with.

        Raises:
            DefinitionUnknown: This code does not have it.
        """
        if version not in self.by_version:
            raise DefinitionUnknown(version, tuple(self.by_version))
        return self.by_version[version]


def definitions(timeouts: Timeouts) -> Definitions:
    """Return all versions with the same time-outs."""
    versions = (create_order_v1(timeouts), create_order(timeouts))
    return Definitions({definition.version: definition for definition in versions})
