"""The CPU time of groups of processes, and of everything else on the machine."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psutil

IDLE: Final = ("idle", "iowait", "guest", "guest_nice")
"""Times of the machine in which it does nothing, or that `user` and `nice` contain already."""


@dataclass(frozen=True)
class Reading:
    """Counters at one moment; all times in seconds.

    Attributes:
        at: The moment, on the clock of `time.perf_counter`.
        cpu: The CPU time used so far by each group of processes.
        driver: The CPU time used so far by this process, which makes the load.
        machine: The CPU time used so far by everything on the machine.
    """

    at: float
    cpu: Mapping[str, float]
    driver: float
    machine: float


@dataclass(frozen=True)
class Usage:
    """What was used between two readings.

    Attributes:
        seconds: The time between them.
        cpu: The CPU time of each group of processes, in seconds.
        driver: The CPU time of this process, in seconds.
        foreign_cores: The cores that other programs used.
    """

    seconds: float
    cpu: Mapping[str, float]
    driver: float
    foreign_cores: float

    def of(self, names: Iterable[str]) -> float:
        """Return the CPU time of these groups together, in seconds."""
        return sum(self.cpu[name] for name in names)

    def per_saga(self, sagas: int, names: Iterable[str]) -> float:
        """Return the CPU time of these groups for one saga, in milliseconds."""
        return self.of(names) * 1000 / sagas


def read_usage(groups: Mapping[str, Sequence[int]]) -> Reading:
    """Read the counters of groups of processes, by name with their process ids.

    Children count too, running or ended.
    """
    times = os.times()
    busy = psutil.cpu_times()._asdict()
    return Reading(
        at=time.perf_counter(),
        cpu={name: sum(map(_cpu_seconds, pids)) for name, pids in groups.items()},
        driver=times.user + times.system,
        machine=sum(value for name, value in busy.items() if name not in IDLE),
    )


def usage_between(before: Reading, after: Reading) -> Usage:
    """Return what was used between two readings of the same groups."""
    seconds = after.at - before.at
    cpu = {name: after.cpu[name] - before.cpu[name] for name in after.cpu}
    driver = after.driver - before.driver
    foreign = after.machine - before.machine - driver - sum(cpu.values())
    return Usage(seconds, cpu, driver, max(0.0, foreign / seconds))


def _cpu_seconds(pid: int) -> float:
    process = psutil.Process(pid)
    used = sum(process.cpu_times()[:4])  # its own, and that of children that have ended
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            used += sum(child.cpu_times()[:4])
    return used
