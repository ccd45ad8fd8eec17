"""The machine of a measurement."""

import os
import platform
import time
from pathlib import Path
from typing import Any, Final

import psutil

CPU_INFO: Final = Path("/proc/cpuinfo")
GIBIBYTE: Final = 1024**3


def describe_machine() -> dict[str, Any]:
    """Return the machine's cores, processor, memory and load, and the time."""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": os.cpu_count() or 1,
        "processor": _processor(),
        "memory_gib": round(psutil.virtual_memory().total / GIBIBYTE, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
