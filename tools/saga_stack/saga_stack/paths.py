"""The folder for files that can be downloaded again."""

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """Return the cache folder: `SAGA_CACHE_DIR`, or the user's cache folder."""
    chosen = os.environ.get("SAGA_CACHE_DIR")
    return Path(chosen) if chosen else platformdirs.user_cache_path("saga-reference")
