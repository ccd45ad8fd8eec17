import json
import os
import subprocess
import sys
from dataclasses import asdict

import pytest
from saga_cli.running_stack import FILE, RunningStack, read_running_stack


def write(folder, pid: int) -> RunningStack:
    stack = RunningStack(pid, {"order_saga": "http://127.0.0.1:1"}, "127.0.0.1:2")
    (folder / FILE).write_text(json.dumps(asdict(stack)))
    return stack


def test_the_stack_of_a_living_process_is_found(tmp_path):
    assert write(tmp_path, os.getpid()) == read_running_stack(tmp_path)


@pytest.mark.parametrize("collected", [True, False])
def test_the_file_of_an_ended_process_is_ignored(tmp_path, collected):
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as process:
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        if collected:
            process.wait()
        write(tmp_path, process.pid)
        assert read_running_stack(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", '{"pid": 1}'])
def test_a_file_that_is_not_valid_is_ignored(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    assert read_running_stack(tmp_path) is None
