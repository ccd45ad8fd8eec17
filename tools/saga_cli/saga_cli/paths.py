"""Where the command keeps its files."""

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """The folder for what can be fetched again; `SAGA_CACHE_DIR` moves it."""
    chosen = os.environ.get("SAGA_CACHE_DIR")
    return Path(chosen) if chosen else platformdirs.user_cache_path("saga-reference")


def data_dir() -> Path:
    """The folder of `saga up`: databases, broker log, log files; `SAGA_DATA_DIR` moves it."""
    return _root() / "up"


def demo_dir() -> Path:
    """The folder of `saga demo`, beside that of `saga up`."""
    return _root() / "demo"


def _root() -> Path:
    return Path(os.environ.get("SAGA_DATA_DIR") or ".saga").absolute()
