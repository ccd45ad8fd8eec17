"""Tests that hang, in a run with the configuration of this repository.

The run names each of them, runs the others, and ends with a failure.
"""

import re

import pytest

BOUNDS = ("timeout=5", "kill_after_seconds=5")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1000)]

FAILS = {
    "sleeps": "def test_hangs(): time.sleep(1000)",
    "computes": "def test_hangs():\n    while True: pass",
    "waits_in_its_loop": "async def test_hangs(): await asyncio.sleep(1000)",
    "hangs_in_its_setup": """
@pytest.fixture
def hangs(): time.sleep(1000)

def test_hangs(hangs): pass""",
    "hangs_in_its_teardown": """
@pytest.fixture
def hangs():
    yield
    time.sleep(1000)

def test_hangs(hangs): pass""",
}
ENDS_ITS_WORKER = {
    "ignores_exceptions_in_its_loop": """
async def test_hangs():
    while True:
        try: await asyncio.sleep(1000)
        except BaseException: pass""",
    "holds_the_interpreter": "def test_hangs(): block(ctypes.PyDLL(None))",
    "hangs_after_its_failure": """
@pytest.fixture
def hangs():
    yield
    block(ctypes.PyDLL(None))

def test_hangs(hangs): raise ValueError""",
}
IMPORTS = """
import asyncio, ctypes, time, pytest

def block(library):
    mutex = ctypes.create_string_buffer(64)
    for _ in range(2):  # the second waits without end, and a signal does not interrupt it
        library.pthread_mutex_lock(mutex)
"""
SOUND = "\ndef test_{}(): pass\n"


def file_of(body: str) -> str:
    return IMPORTS + SOUND.format("before") + body + SOUND.format("after")


def in_two_workers(*bounds: str) -> list[str]:
    return ["-n", "2", "--dist", "loadfile", *(f"-o{bound}" for bound in bounds)]


def test_each_test_that_hangs_is_named_and_all_others_run(run):
    bodies = {**FAILS, **ENDS_ITS_WORKER}

    result = run(*in_two_workers(*BOUNDS), files={name: file_of(bodies[name]) for name in bodies})

    assert result.code == 1, result.output
    for name in bodies:
        assert result.outcomes(f"{name} before") == {"PASSED"}, result.output
        assert result.outcomes(f"{name} hangs") & {"FAILED", "ERROR"}, result.output
        assert result.outcomes(f"{name} after") == {"PASSED"}, result.output
    ended = re.findall(r"crashed while running '\S*test_(\w+)\.py", result.output)
    assert sorted(set(ended)) == sorted(ENDS_ITS_WORKER), result.output


def test_a_test_that_hangs_without_workers_shows_its_stack_and_ends_the_run(run):
    body = ENDS_ITS_WORKER["holds_the_interpreter"]

    result = run(*(f"-o{bound}" for bound in BOUNDS), files={"c": file_of(body)})

    assert result.code == 1
    assert "Timeout (0:00:10)!" in result.output
    assert re.search(r'File ".*test_c\.py", line \d+ in test_hangs', result.output)


def test_a_run_in_which_no_test_ends_is_interrupted_and_names_what_runs(run):
    bounds = ("timeout=200", "stall_seconds=40")

    result = run(*in_two_workers(*bounds), files={"stuck": file_of(FAILS["sleeps"])})

    assert result.code == 2
    assert (
        "No test has started or ended for 40 s. Running: test_stuck.py::test_hangs" in result.output
    )
