"""Immediate end of the process, for failures after which nothing may be acked or committed."""

import os
from typing import Final

EXIT_CODE: Final = 70
"""EX_SOFTWARE of sysexits.h."""


def end_process() -> None:
    """End this process at once: unacked messages are consumed again after the restart."""
    os._exit(EXIT_CODE)
