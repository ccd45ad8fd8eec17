"""The order of test files, and their distribution among the workers of pytest-xdist."""

from collections.abc import Sequence

import pytest
from xdist.scheduler.loadfile import LoadFileScheduling
from xdist.workermanage import WorkerController

# A worker starts a test only when it has the next one, or knows that there is none.
FEWEST_PENDING = 2


class FileScheduling(LoadFileScheduling):
    """Gives each worker whole files, and goes on after a test that ends its worker.

    That test counts as failed and is not repeated; the others of its file run in another worker.
    With xdist's own `loadfile` the test is repeated until the restarts of workers are used up, and
    a worker that is left with one test waits for a second one without end.
    """

    def remove_node(self, node: WorkerController) -> str | None:
        """Remove a worker, and return the test that it was running, or None."""
        units = self.assigned_work.pop(node)
        left = {file: tests for file, tests in units.items() if not all(tests.values())}
        if not left:
            return None
        tests = next(iter(left.values()))
        ended_worker = next(test for test, completed in tests.items() if not completed)
        tests[ended_worker] = True
        self.workqueue.update({file: unit for file, unit in left.items() if not all(unit.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return ended_worker

    def _reschedule(self, node: WorkerController) -> None:
        if node.shutting_down or node not in self.registered_collections:
            return
        while self.workqueue and self._pending_of(self.assigned_work[node]) < FEWEST_PENDING:
            self._assign_work_unit(node)
        if not self.workqueue:
            node.shutdown()


def slowest_files_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests with those of slow files first, then those of files that need servers.

    A slow file that starts last would keep one worker busy while the others have nothing to do.
    """
    ranks = dict[str, int]()
    for item in items:
        file, rank = _file(item), _rank(item)
        ranks[file] = min(rank, ranks.get(file, rank))
    return sorted(items, key=lambda item: ranks[_file(item)])


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _rank(item: pytest.Item) -> int:
    if item.get_closest_marker("slow"):
        return 0
    return 1 if item.get_closest_marker("stack") else 2
