"""What a run was made on, since figures of different machines do not compare."""

import os
import platform
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pycurl


def machine() -> dict[str, Any]:
    return {
        "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "software": (
            f"{platform.system()} {platform.release()}, Python {platform.python_version()},"
            f" grpcio {grpc.__version__}, SQLite {sqlite3.sqlite_version},"
            f" {pycurl.version.split()[1].replace('/', ' ')}"
        ),
        "load": os.getloadavg()[0],
        "h2load": shutil.which("h2load") is not None,
        "cc": shutil.which("cc") is not None,
    }


def warnings(found: dict[str, Any]) -> list[str]:
    """What makes the figures worth less."""
    said = []
    if found["load"] > 0.5:
        said.append(f"the machine is not idle (load {found['load']:.1f}): trust ratios only")
    if not found["h2load"]:
        said.append("no h2load (package nghttp2-client): all load is from the client in Python")
    if not found["cc"]:
        said.append("no cc: the sink is a process in Python")
    return said


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
