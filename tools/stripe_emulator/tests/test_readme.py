"""The Python examples of the README."""

import re
from pathlib import Path
from typing import Any

import pytest
from stripe_emulator.bounds import EmulatorBounds, WebhookBounds

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_example_of_the_readme_runs(running: Any, number: int):
    example = BLOCKS[number].replace("http://127.0.0.1:12111", running.url)
    exec(compile(example, f"README.md, example {number}", "exec"), {})  # noqa: S102


def test_readme_has_examples():
    assert len(BLOCKS) >= 3


def test_readme_lists_each_bound_with_its_default_and_meaning():
    section = README.read_text().split("## Bounds\n")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `([A-Z_]+)` \| ([\d.]+) \| (.+) \|$", section, re.MULTILINE)
    assert sorted(listed) == sorted(
        (f"{prefix}_{name.upper()}", as_text(field.default), field.description)
        for prefix, bounds in (("EMULATOR", EmulatorBounds), ("EMULATOR_WEBHOOK", WebhookBounds))
        for name, field in bounds.model_fields.items()
    )


def as_text(default: float) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)
