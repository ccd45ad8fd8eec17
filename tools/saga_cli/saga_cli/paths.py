"""Where the command keeps its files."""

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """The folder for what can be fetched again; `SAGA_CACHE_DIR` moves it."""
    chosen = os.environ.get("SAGA_CACHE_DIR")
    return Path(chosen) if chosen else platformdirs.user_cache_path("saga-reference")


def data_dir() -> Path:
    """The folder for databases, broker log and log files; `SAGA_DATA_DIR` moves it."""
    return Path(os.environ.get("SAGA_DATA_DIR") or ".saga").absolute()
