"""The data folders of the local stacks."""

import os
from pathlib import Path


def data_dir() -> Path:
    """Return the folder of `saga up`: `$SAGA_DATA_DIR/up`, by default `.saga/up`."""
    return _root() / "up"


def demo_dir() -> Path:
    """Return the folder of `saga demo`, next to that of `saga up`."""
    return _root() / "demo"


def _root() -> Path:
    return Path(os.environ.get("SAGA_DATA_DIR") or ".saga").absolute()
