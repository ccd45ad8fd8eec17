"""The Python examples of the README."""

import re
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_example_of_the_readme_runs(running: Any, number: int):
    example = BLOCKS[number].replace("http://127.0.0.1:12111", running.url)
    exec(compile(example, f"README.md, example {number}", "exec"), {})  # noqa: S102


def test_readme_has_examples():
    assert len(BLOCKS) >= 3
