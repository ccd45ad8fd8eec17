"""Every version of the saga that may still be under way. The newest begins, each ends its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from order_saga.create_order import create_order
from order_saga.create_order_v1 import create_order_v1
from order_saga.definition import Definition
from order_saga.errors import DefinitionUnknown
from order_saga.step_times import StepTimes


@dataclass(frozen=True, slots=True)
class Definitions:
    """The declarations by their version."""

    by_version: Mapping[int, Definition]

    @property
    def newest(self) -> Definition:
        """The one that new sagas begin under."""
        return self.by_version[max(self.by_version)]

    def of(self, version: int) -> Definition:
        """The one that a saga began under.

        Raises:
            DefinitionUnknown: This code is older than the saga.
        """
        if version not in self.by_version:
            raise DefinitionUnknown(version)
        return self.by_version[version]


def definitions(times: StepTimes) -> Definitions:
    """All of them, with the same bounds of time."""
    all_of_them = (create_order_v1(times), create_order(times))
    return Definitions({definition.version: definition for definition in all_of_them})
