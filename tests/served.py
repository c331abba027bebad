"""A server as a child process, for tests that are not asynchronous themselves."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Served:
    """Bound addresses, HOST:PORT."""

    grpc_address: str
    http_address: str


@contextmanager
def served(data: Path | str, *flags: str) -> Iterator[Served]:
    """Run `taskweir serve` on free ports; stop it at the end, and see that it ends with 0."""
    command = [
        sys.executable,
        "-m",
        "taskweir",
        "serve",
        "--port",
        "0",
        "--http-port",
        "0",
        "--data",
        str(data),
    ]
    with subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = re.fullmatch(r"ready grpc=(\S+) http=(\S+)\n", process.stdout.readline())
        assert ready is not None
        try:
            yield Served(ready[1], ready[2])
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0
