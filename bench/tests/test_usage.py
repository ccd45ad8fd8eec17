import subprocess
import sys

import pytest

from bench.measuring.usage import Reading, read_usage, usage_between


def test_foreign_cores_are_what_neither_the_stack_nor_the_driver_used():
    before = Reading(at=10.0, cpu={"user": 1.0, "kafka": 2.0}, driver=5.0, machine=100.0)
    after = Reading(at=20.0, cpu={"user": 4.0, "kafka": 3.0}, driver=6.0, machine=112.0)
    usage = usage_between(before, after)
    assert (usage.seconds, usage.driver, dict(usage.cpu)) == (
        10.0,
        1.0,
        {"user": 3.0, "kafka": 1.0},
    )
    assert usage.foreign_cores == pytest.approx((12 - 1 - 4) / 10)
    assert usage.per_saga(1000, ["user"]) == pytest.approx(3.0)
    assert usage.per_saga(1000, usage.cpu) == pytest.approx(4.0)


def test_foreign_cores_are_never_negative():
    before = Reading(at=0.0, cpu={"user": 0.0}, driver=0.0, machine=0.0)
    after = Reading(at=1.0, cpu={"user": 1.01}, driver=0.0, machine=1.0)
    assert usage_between(before, after).foreign_cores == 0


def test_the_time_of_a_child_that_has_ended_is_counted():
    work = "sum(range(8_000_000))"
    parent = (
        "import os, subprocess, sys\n"
        f"subprocess.run([sys.executable, '-c', {work!r}])\n"
        "print(sum(os.times()[2:4]), flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        child_seconds = float(process.stdout.readline())
        read = read_usage({"worker": [process.pid], "none": []})
        process.communicate()
    assert child_seconds > 0
    assert read.cpu["worker"] >= child_seconds
    assert read.cpu["none"] == 0
