"""What a measurement ran on: processors, how busy they were, and versions."""

import os
import platform
from importlib.metadata import version
from typing import Any


def describe(*packages: str) -> dict[str, Any]:
    """Return it. busy: how many processes wanted a processor in the last minute, on average."""
    return {
        "processors": os.cpu_count(),
        "busy": round(os.getloadavg()[0], 1),
        "versions": {
            "Python": platform.python_version(),
            **{package: version(package) for package in packages},
        },
    }
