"""Pytest's hooks: bounds of each test and of the run, its size, and the order of test files.

`timeout` (pytest-timeout, by signal) fails a test in the main thread, and the worker goes on. A
test that this does not end, because it waits in a C function or ignores exceptions, is ended with
its worker `kill_after_seconds` later; another worker runs the rest.
"""

import os
from collections.abc import Generator

import pytest
from pytest_timeout import Settings
from xdist.remote import Producer

from saga_test_run.bounds import KillSwitch, StallBound
from saga_test_run.sampling import sample
from saga_test_run.scheduling import FileScheduling, slowest_files_first

KILL_AFTER, STALL = "kill_after_seconds", "stall_seconds"
KILL_SWITCH = pytest.StashKey[KillSwitch]()
BOUND = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the bounds to the settings of pytest, and the option of a smaller run."""
    parser.addini(KILL_AFTER, "end a worker this long after its test's time-out", default="60")
    parser.addini(STALL, "end a run in which no test starts or ends this long", default="900")
    parser.addoption(
        "--sample",
        metavar="SEED",
        help="run no test marked `full`, and of those marked `sample(count)` as many cases",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Prepare both bounds; pytest does not capture stderr yet."""
    config.stash[KILL_SWITCH] = KillSwitch(os.dup(2))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Run(config), "saga_test_run_stall")


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Settings) -> None:
    """Take the bound of a test from pytest-timeout, which starts its own timer after this."""
    item.stash[BOUND] = settings.timeout + float(item.config.getini(KILL_AFTER))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Bound the setup."""
    return (yield from _bounded(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Bound the test."""
    return (yield from _bounded(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Bound the teardown, also after a time-out of the test."""
    return (yield from _bounded(item))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Draw the sample, and put the slowest files first; in each worker alike."""
    if seed := config.getoption("sample"):
        kept = sample(items, seed)
        config.hook.pytest_deselected(items=list(set(items) - set(kept)))
        items[:] = kept
    if hasattr(config, "workerinput"):
        items[:] = slowest_files_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling | None:
    """Distribute files in the order of the tests, for `--dist loadfile`."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return FileScheduling(config, log)


class Run:
    """Bounds a whole run, in pytest's main process."""

    def __init__(self, config: pytest.Config) -> None:
        """Read the bound."""
        self._config = config
        self._bound = StallBound(float(config.getini(STALL)), self._report)

    def pytest_sessionstart(self) -> None:
        """Start the bound."""
        self._bound.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note that a test starts."""
        self._bound.test_starts(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Note that a test ended."""
        self._bound.test_ends(nodeid)

    def pytest_handlecrashitem(self, crashitem: str) -> None:
        """Note that a test ended its worker."""
        self._bound.test_ends(crashitem)

    def pytest_unconfigure(self) -> None:
        """Stop the bound."""
        self._bound.stop()

    def _report(self, line: str) -> None:
        self._config.get_terminal_writer().line(f"\n{line}", red=True)


def _bounded(item: pytest.Item) -> Generator[None, object, object]:
    switch, seconds = item.config.stash[KILL_SWITCH], item.stash.get(BOUND, None)
    if seconds:
        switch.arm(seconds)
    try:
        return (yield)
    finally:
        switch.disarm()
